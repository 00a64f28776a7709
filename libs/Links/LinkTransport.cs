using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

/// <summary>
/// What carries link frames between one thread of a relay or transceiver and its peers: datagrams, or units of the same size in TCP
/// streams. A unit holds one frame or several. Nothing on the packet path allocates, locks or throws; what cannot be sent is counted and
/// dropped.
/// </summary>
public abstract class LinkTransport : IDisposable
{
    /// <summary>
    /// Longest frame: a packet as long as any that a public socket takes (2,048 bytes) behind the longer header. Units with several are
    /// filled up to <see cref="LinkFrame.CoalescedBytes"/>.
    /// </summary>
    public const int MaximumFrameBytes = 2048 + LinkFrame.HeaderLengthIPv6;

    private long _oversized;

    public abstract LinkScheme Scheme { get; }

    /// <summary>As bound; the first of them where there are several.</summary>
    public abstract TransportAddress LocalAddress { get; }

    /// <summary>Frames to send that were longer than <see cref="MaximumFrameBytes"/>.</summary>
    public long Oversized => Volatile.Read(ref _oversized);

    /// <summary>For a <see cref="SocketPoller"/>.</summary>
    public abstract int Descriptor { get; }

    public abstract LinkTransportCounters Counters { get; }

    /// <summary>Connections that ended, by reason, ever; none over datagrams. From any thread.</summary>
    public virtual IEnumerable<KeyValuePair<string, long>> Closes => [];

    /// <summary>When to call <see cref="HandleTimeout"/>.</summary>
    public virtual Instant NextTimeout => Instant.Never;

    /// <summary>Whether a packet of a client is audio, which old age makes worthless: RTP or RTCP.</summary>
    public static bool IsAudio(ReadOnlySpan<byte> packet)
        => DatagramDemultiplexer.Classify(packet) is DatagramKind.Rtp or DatagramKind.Rtcp;

    /// <summary>Takes what has arrived, without waiting. The units are valid until the next call.</summary>
    /// <returns>How many.</returns>
    public abstract int Receive(Instant now);

    /// <param name="unit">Writable; empty where it was unreadable (and counted).</param>
    /// <param name="from">The peer, in the form that <see cref="TryAppend"/> takes.</param>
    public abstract void Get(int index, out Span<byte> unit, out TransportAddress from);

    /// <summary>
    /// Gives room for a frame in the unit being filled for a peer, or in a new one, which the next <see cref="Flush"/> sends. Units of
    /// audio hold nothing else.
    /// </summary>
    /// <param name="open">What is being filled: one per peer of the caller's, starts as default.</param>
    /// <param name="length">Bytes to be filled by the caller.</param>
    /// <param name="isAudio">May be dropped when it has become old.</param>
    /// <returns>False if it cannot be sent: counted, to be forgotten.</returns>
    public bool TryAppend(ref OpenDatagram open, TransportAddress to, int length, bool isAudio, Instant now, out Span<byte> room)
    {
        if (length <= MaximumFrameBytes) return TryAppendCore(ref open, to, length, isAudio, now, out room);
        Volatile.Write(ref _oversized, _oversized + 1);
        room = default;
        return false;
    }

    /// <summary>Sends a unit of control frames with the next <see cref="Flush"/>.</summary>
    public abstract void SendControl(TransportAddress to, ReadOnlySpan<byte> unit, Instant now);

    public abstract void Flush(Instant now);

    /// <summary>Asks for a connection; an event tells what becomes of it.</summary>
    /// <returns>What stands for the peer from now on, as <see cref="Get"/> and <see cref="TryAppend"/> have it; over datagrams the address
    /// itself. Default if there can be none now.</returns>
    public virtual TransportAddress Connect(TransportAddress remote, Instant now) => remote;

    /// <summary>What became of connections; never anything over datagrams.</summary>
    public virtual bool TryTakeEvent(out LinkTransportEvent occurred)
    {
        occurred = default;
        return false;
    }

    /// <summary>The peer has proved that it is one of ours.</summary>
    public virtual void Admit(TransportAddress peer)
    {
    }

    /// <summary>Nothing more is said to the peer or heard from it; no event follows.</summary>
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
