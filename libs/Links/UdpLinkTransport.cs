using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

/// <summary>Carries links over datagrams, all of them through one socket.</summary>
/// <param name="socket">This transport owns the socket from now on. Its datagrams hold <see cref="LinkTransport.MaximumFrameBytes"/> (see
/// <see cref="Bind"/>).</param>
public sealed class UdpLinkTransport(UdpBatchSocket socket) : LinkTransport
{
    private static readonly UdpSocketOptions Options = new() { DatagramCapacity = MaximumFrameBytes, ReportsRefusals = true };

    public override LinkScheme Scheme => LinkScheme.Udp;
    public override TransportAddress LocalAddress => socket.LocalAddress;
    public override int Descriptor => socket.Descriptor;

    public override LinkTransportCounters Counters
        => new(socket.Counters.Received, socket.Counters.Sent, socket.Counters.ReceiveErrors, socket.Counters.SendErrors,
        socket.Counters.SendQueueFull,
            socket.Counters.Oversized + Oversized, socket.Counters.KernelDrops);

    /// <param name="local">The address to bind. Port 0 chooses a free port.</param>
    /// <exception cref="PortBindException">The address is not available.</exception>
    public static UdpLinkTransport Bind(TransportAddress local) => new(UdpBatchSocket.Bind(local, Options));

    public override int Receive(Instant now) => socket.Receive();

    public override void Get(int index, out Span<byte> unit, out TransportAddress from) => socket.Get(index, out unit, out from, out _);

    public override bool TryTakeEvent(out LinkTransportEvent occurred)
    {
        bool isRefused = socket.TryTakeRefusal(out TransportAddress peer);
        occurred = isRefused ? new LinkTransportEvent(LinkTransportEventKind.Refused, peer) : default;
        return isRefused;
    }

    public override void SendControl(TransportAddress to, ReadOnlySpan<byte> unit, Instant now)
        => unit.CopyTo(socket.Queue(to, default, unit.Length));

    public override void Flush(Instant now) => socket.Flush();

    public override void Dispose() => socket.Dispose();

    /// <summary>A datagram is sent or dropped at once, so it never becomes old. Audio and other frames share datagrams.</summary>
    protected override bool TryAppendCore(
        ref OpenDatagram open, TransportAddress to, int length, bool isAudio, Instant now, out Span<byte> room)
    {
        room = socket.Append(ref open, to, length, LinkFrame.CoalescedBytes);
        return true;
    }
}
