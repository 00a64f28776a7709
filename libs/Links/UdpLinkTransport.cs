using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Links;

/// <summary>Links over datagrams, all of them through one socket.</summary>
/// <param name="socket">Owned from here on; its datagrams hold <see cref="LinkTransport.MaximumFrameBytes"/> (see
/// <see cref="Bind"/>).</param>
public sealed class UdpLinkTransport(UdpBatchSocket socket) : LinkTransport
{
    private static readonly UdpSocketOptions Options = new() { DatagramCapacity = MaximumFrameBytes };

    public override LinkScheme Scheme => LinkScheme.Udp;
    public override TransportAddress LocalAddress => socket.LocalAddress;
    public override int Descriptor => socket.Descriptor;

    public override LinkTransportCounters Counters
        => new(socket.Counters.Received, socket.Counters.Sent, socket.Counters.ReceiveErrors, socket.Counters.SendErrors,
        socket.Counters.SendQueueFull,
            socket.Counters.Oversized + Oversized, socket.Counters.KernelDrops);

    /// <param name="local">Port 0 for any.</param>
    /// <exception cref="PortBindException">The address cannot be had.</exception>
    public static UdpLinkTransport Bind(TransportAddress local) => new(UdpBatchSocket.Bind(local, Options));

    public override int Receive(Instant now) => socket.Receive();

    public override void Get(int index, out Span<byte> unit, out TransportAddress from) => socket.Get(index, out unit, out from, out _);

    public override void SendControl(TransportAddress to, ReadOnlySpan<byte> unit, Instant now)
        => unit.CopyTo(socket.Queue(to, default, unit.Length));

    public override void Flush(Instant now) => socket.Flush();

    public override void Dispose() => socket.Dispose();

    /// <summary>A datagram is sent or dropped at once, never waits and grows old: audio and the rest share it.</summary>
    protected override bool TryAppendCore(
        ref OpenDatagram open, TransportAddress to, int length, bool isAudio, Instant now, out Span<byte> room)
    {
        room = socket.Append(ref open, to, length, LinkFrame.CoalescedBytes);
        return true;
    }
}
