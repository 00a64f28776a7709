using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

public sealed class SctpAllocationTests
{
    [Theory]
    [InlineData(200)]
    [InlineData(5000)]
    public void Exchange_TenThousandMessagesBothWays_AllocatesNothing(int messageBytes)
    {
        var link = new SctpLink(1);
        link.Connect();
        var pump = new Pump(link.A, link.B, link.Now, messageBytes);
        pump.Run(1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        pump.Run(10_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(0, allocated);
        Assert.Equal(11_000, pump.ReceivedByA);
        Assert.Equal(11_000, pump.ReceivedByB);
    }

    [Fact]
    public void Exchange_OverChannels_AllocatesNothing()
    {
        var link = new SctpLink(2);
        link.Connect();
        var a = new DataChannelSet(link.A, true);
        var b = new DataChannelSet(link.B, false);
        DataChannel channel = a.Open("oai-events", DataChannelReliability.Full, link.Now)!;
        DataChannel? opened = null;
        link.OnStep = () =>
        {
            while (a.TryReceive(out _, link.Now)) { }
            while (b.TryReceive(out _, link.Now)) { }
            while (a.TryTakeEvent(out _, link.Now)) { }
            while (b.TryTakeEvent(out DataChannelEvent e, link.Now)) opened = e.Channel ?? opened;
        };
        Assert.True(link.RunUntil(() => channel.Phase == DataChannelPhase.Open && opened is not null, 1000));
        byte[] text = new byte[300];
        byte[] buffer = new byte[1500];
        Instant now = link.Now;
        int received = 0;
        void Exchange(int count)
        {
            for (int i = 0; i < count; i++)
            {
                a.Send(channel, text, true, now);
                b.Send(opened!, text, true, now);
                now += TimeSpan.FromMilliseconds(1);
                while (link.A.TryTransmit(buffer, out int length, now)) link.B.Receive(buffer.AsSpan(0, length), now);
                while (link.B.TryTransmit(buffer, out int length, now)) link.A.Receive(buffer.AsSpan(0, length), now);
                while (a.TryReceive(out _, now)) received++;
                while (b.TryReceive(out _, now)) received++;
                while (a.TryTakeEvent(out _, now)) { }
                while (b.TryTakeEvent(out _, now)) { }
            }
        }
        Exchange(500);
        received = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exchange(10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(20_000, received);
    }

    private sealed class Pump(SctpAssociation a, SctpAssociation b, Instant now, int messageBytes)
    {
        private readonly byte[] _message = new byte[messageBytes];
        private readonly byte[] _buffer = new byte[1500];
        private Instant _now = now;

        public int ReceivedByA { get; private set; }
        public int ReceivedByB { get; private set; }

        public void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                a.Send(0, 51, _message, false, null, _now);
                b.Send(0, 51, _message, i % 3 == 0, null, _now);
                for (int round = 0; round < 4; round++)
                {
                    _now += TimeSpan.FromMilliseconds(1);
                    if (a.NextTimeout <= _now) a.HandleTimeout(_now);
                    if (b.NextTimeout <= _now) b.HandleTimeout(_now);
                    while (a.TryTransmit(_buffer, out int length, _now)) b.Receive(_buffer.AsSpan(0, length), _now);
                    while (b.TryTransmit(_buffer, out int length, _now)) a.Receive(_buffer.AsSpan(0, length), _now);
                    while (a.TryReceive(out _)) ReceivedByA++;
                    while (b.TryReceive(out _)) ReceivedByB++;
                }
            }
        }
    }
}
