using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

/// <summary>
/// Carries link frames between one thread of a relay or transceiver and its peers, either as datagrams or as units of the same size in TCP
/// streams. A unit holds one or more frames. Nothing on the packet path allocates, locks or throws. A frame that cannot be sent is counted
/// and dropped.
/// </summary>
public abstract class LinkTransport : IDisposable
{
    /// <summary>
    /// The longest frame in bytes: the longest packet that a public socket accepts (2,048 bytes) and the longer of the two headers. A unit
    /// with several frames is filled up to <see cref="LinkFrame.CoalescedBytes"/>.
    /// </summary>
    public const int MaximumFrameBytes = 2048 + LinkFrame.HeaderLengthIPv6;

    private long _oversized;

    public abstract LinkScheme Scheme { get; }

    /// <summary>The address that was bound. If there are several, the first one.</summary>
    public abstract TransportAddress LocalAddress { get; }

    /// <summary>The number of frames that were not sent because they were longer than <see cref="MaximumFrameBytes"/>.</summary>
    public long Oversized => Volatile.Read(ref _oversized);

    /// <summary>The file descriptor to hand to a <see cref="SocketPoller"/>.</summary>
    public abstract int Descriptor { get; }

    public abstract LinkTransportCounters Counters { get; }

    /// <summary>
    /// The number of connections that have ended since the start, by reason. Empty for datagrams. Any thread may read it.
    /// </summary>
    public virtual IEnumerable<KeyValuePair<string, long>> Closes => [];

    /// <summary>When to call <see cref="HandleTimeout"/>.</summary>
    public virtual Instant NextTimeout => Instant.Never;

    /// <summary>True if a client's packet is RTP or RTCP: audio, which is worthless once it is old.</summary>
    public static bool IsAudio(ReadOnlySpan<byte> packet)
        => DatagramDemultiplexer.Classify(packet) is DatagramKind.Rtp or DatagramKind.Rtcp;

    /// <summary>Receives what has arrived, without waiting. The units stay valid until the next call.</summary>
    /// <returns>The number of units.</returns>
    public abstract int Receive(Instant now);

    /// <param name="unit">The unit's bytes, writable. Empty if the unit could not be read, which is counted.</param>
    /// <param name="from">The peer, in the form that <see cref="TryAppend"/> expects.</param>
    public abstract void Get(int index, out Span<byte> unit, out TransportAddress from);

    /// <summary>
    /// Reserves room for a frame in the unit that is being filled for a peer, or starts a new unit. The next <see cref="Flush"/> sends it.
    /// Audio never shares a unit with other frames.
    /// </summary>
    /// <param name="open">The unit that is being filled. The caller keeps one per peer and initializes it to default.</param>
    /// <param name="length">The number of bytes that the caller will write.</param>
    /// <param name="isAudio">True if the frame may be dropped once it is old.</param>
    /// <returns>False if the frame cannot be sent. The loss has been counted, and the caller forgets the frame.</returns>
    public bool TryAppend(ref OpenDatagram open, TransportAddress to, int length, bool isAudio, Instant now, out Span<byte> room)
    {
        if (length <= MaximumFrameBytes) return TryAppendCore(ref open, to, length, isAudio, now, out room);
        Volatile.Write(ref _oversized, _oversized + 1);
        room = default;
        return false;
    }

    /// <summary>Queues a unit of control frames. The next <see cref="Flush"/> sends it.</summary>
    public abstract void SendControl(TransportAddress to, ReadOnlySpan<byte> unit, Instant now);

    public abstract void Flush(Instant now);

    /// <summary>Starts a connection to a peer. An event reports the outcome.</summary>
    /// <returns>The name under which <see cref="Get"/> and <see cref="TryAppend"/> know the peer; for datagrams this is the address itself.
    /// Default if no connection can be made now.</returns>
    public virtual TransportAddress Connect(TransportAddress remote, Instant now) => remote;

    /// <summary>Takes the next event.</summary>
    public virtual bool TryTakeEvent(out LinkTransportEvent occurred)
    {
        occurred = default;
        return false;
    }

    /// <summary>Marks the peer as authenticated: it has proved that it holds the link key.</summary>
    public virtual void Admit(TransportAddress peer)
    {
    }

    /// <summary>Stops sending to the peer and receiving from it. No event follows.</summary>
    public virtual void Close(TransportAddress peer)
    {
    }

    public virtual void HandleTimeout(Instant now)
    {
    }

    public abstract void Dispose();

    protected abstract bool TryAppendCore(
        ref OpenDatagram open, TransportAddress to, int length, bool isAudio, Instant now, out Span<byte> room);
}
