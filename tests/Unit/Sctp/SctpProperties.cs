using System.Buffers.Binary;
using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

public sealed class SctpProperties
{
    [Theory]
    [InlineData(1, 0.05, 0, 0.0)]
    [InlineData(2, 0.05, 30, 0.1)]
    [InlineData(3, 0.2, 5, 0.3)]
    [InlineData(4, 0.3, 50, 0.1)]
    [InlineData(5, 0.0, 100, 0.5)]
    public void Exchange_LossReorderingDuplication_EverythingArrivesOnceInOrder(int seed, double loss, int jitter, double duplication)
    {
        var link = new SctpLink(seed, new SctpOptions { RandomSeed = 0, MaximumSendMessageBytes = 256 * 1024 })
        {
            Loss = loss, JitterMilliseconds = jitter, Duplication = duplication,
        };
        link.Connect();
        var random = new Random(seed);
        var toB = new Traffic(random, 400, link.A, link.B);
        var toA = new Traffic(random, 400, link.B, link.A);
        link.OnStep = () =>
        {
            toB.Step(link.Now);
            toA.Step(link.Now);
        };
        Assert.True(link.RunUntil(() => toB.IsDone && toA.IsDone, 3_600_000));
        Assert.True(link.RunUntil(() => link.A.Statistics.SendQueueBytes == 0 && link.B.Statistics.SendQueueBytes == 0, 60_000));
    }

    [Fact]
    public void Exchange_AnySeed_EverythingArrivesOnceInOrder()
    {
        Prop.ForAll(Gen.Choose(1, 1_000_000).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var link = new SctpLink(seed) { Loss = random.NextDouble() * 0.2, JitterMilliseconds = random.Next(60),
                Duplication = random.NextDouble() * 0.3 };
            link.Connect();
            var traffic = new Traffic(random, 60, link.A, link.B);
            link.OnStep = () => traffic.Step(link.Now);
            return link.RunUntil(() => traffic.IsDone, 3_600_000);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void ExportImport_InMidConversation_NothingIsLostOrRepeated(int seed)
    {
        var options = new SctpOptions { RandomSeed = 9, MaximumSendMessageBytes = 256 * 1024 };
        var link = new SctpLink(seed, options) { Loss = 0.1, JitterMilliseconds = 40, Duplication = 0.1 };
        link.Connect();
        var random = new Random(seed);
        var toB = new Traffic(random, 300, link.A, link.B);
        var toA = new Traffic(random, 300, link.B, link.A);
        link.OnStep = () =>
        {
            toB.Step(link.Now);
            toA.Step(link.Now);
        };
        for (int handover = 0; handover < 10; handover++)
        {
            link.Run(50 + random.Next(100));
            SctpAssociationState stateA = link.A.ExportState(link.Now);
            link.A = SctpAssociation.Import(JsonCopy(stateA), options, link.Now);
            toB.Sender = toA.Receiver = link.A;
            SctpAssociationState stateB = link.B.ExportState(link.Now);
            link.B = SctpAssociation.Import(JsonCopy(stateB), options, link.Now);
            toB.Receiver = toA.Sender = link.B;
            if (handover == 0)
                Assert.True(stateA.Outbound.Length > 0 && stateB.Outbound.Length > 0, "data must be unacknowledged both ways");
        }
        Assert.True(link.RunUntil(() => toB.IsDone && toA.IsDone, 3_600_000));
    }

    [Fact]
    public void Receive_AnyBytes_NeverThrowsAndTheAssociationLives()
    {
        var link = new SctpLink(50);
        link.Connect();
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            link.B.Receive(bytes, link.Now);
            return link.B.IsConnected;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Receive_AnyChunksWithRightTagAndChecksum_NeverThrow()
    {
        var random = new Random(51);
        for (int round = 0; round < 300; round++)
        {
            var link = new SctpLink(1000 + round);
            byte[] sample = [];
            link.Filter = (packet, isFromA) =>
            {
                if (isFromA) sample = packet;
                return true;
            };
            link.Connect();
            link.A.Send(0, 53, new byte[100], false, null, link.Now);
            link.B.Send(0, 53, new byte[3000], false, null, link.Now);
            link.Run(30);
            uint tag = BinaryPrimitives.ReadUInt32BigEndian(sample.AsSpan(4));
            byte[] buffer = new byte[1500];
            for (int i = 0; i < 50; i++)
            {
                link.B.Receive(SctpAssociationTests.Packet(tag, RandomChunks(random)), link.Now);
                while (link.B.TryTransmit(buffer, out _, link.Now)) { }
                while (link.B.TryReceive(out _)) { }
                while (link.B.TryTakeEvent(out _)) { }
                if (link.B.NextTimeout < link.Now + TimeSpan.FromSeconds(1)) link.B.HandleTimeout(link.B.NextTimeout);
            }
        }
    }

    [Fact]
    public void Receive_MutatedRealTraffic_NeverThrows()
    {
        var random = new Random(52);
        for (int round = 0; round < 100; round++)
        {
            var link = new SctpLink(2000 + round) { Loss = 0.1 };
            link.Filter = (packet, _) =>
            {
                if (random.Next(4) != 0) return true;
                for (int flips = random.Next(1, 4); flips > 0; flips--) packet[random.Next(12, packet.Length)] = (byte)random.Next(256);
                BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), Crc32C.OfPacket(packet));
                return true;
            };
            link.A.Connect(link.Now);
            link.OnStep = () =>
            {
                link.A.Send((ushort)random.Next(3), 53, new byte[random.Next(1, 3000)], random.Next(2) == 0, (ushort)random.Next(3),
                    link.Now);
                if (random.Next(20) == 0) link.A.ResetStream((ushort)random.Next(3), link.Now);
                while (link.A.TryReceive(out _)) { }
                while (link.B.TryReceive(out _)) { }
                while (link.A.TryTakeEvent(out _)) { }
                while (link.B.TryTakeEvent(out _)) { }
            };
            link.Run(1000);
        }
    }

    [Fact]
    public void Receive_FragmentsWithoutEnd_MemoryStaysBounded()
    {
        var link = new SctpLink(53);
        byte[] sample = [];
        link.Filter = (packet, isFromA) =>
        {
            if (isFromA) sample = packet;
            return true;
        };
        link.Connect();
        link.A.Send(0, 53, [1], false, null, link.Now);
        link.Run(100);
        uint tag = BinaryPrimitives.ReadUInt32BigEndian(sample.AsSpan(4));
        uint tsn = link.B.ExportState(link.Now).CumulativeTsn;
        long before = GC.GetTotalMemory(true);
        byte[] chunk = new byte[16 + 1000];
        chunk[0] = 0;
        chunk[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(2), (ushort)chunk.Length);
        for (uint i = 0; i < 20_000; i++)
        {
            // Every second TSN, so nothing ever joins.
            BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4), tsn + 2 + 2 * i);
            link.B.Receive(SctpAssociationTests.Packet(tag, chunk), link.Now);
        }
        Assert.True(GC.GetTotalMemory(true) - before < 3 * 1024 * 1024);
        Assert.True(link.B.DropCount(SctpDropReason.TooManyGaps) > 0);
        GC.KeepAlive(link);
    }

    private static byte[] RandomChunks(Random random)
    {
        byte[] types = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 130, 192, 77, 255];
        var chunks = new List<byte>();
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            int length = random.Next(4, 60);
            byte[] chunk = new byte[(length + 3) & ~3];
            random.NextBytes(chunk);
            chunk[0] = types[random.Next(types.Length)];
            BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(2), (ushort)(random.Next(10) == 0 ? random.Next(65536) : length));
            if (random.Next(2) == 0 && chunk.Length > 12) BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(4), (ushort)random.Next(20));
            chunks.AddRange(chunk);
        }
        return [.. chunks];
    }

    private static SctpAssociationState JsonCopy(SctpAssociationState state)
        => System.Text.Json.JsonSerializer.Deserialize<SctpAssociationState>(System.Text.Json.JsonSerializer.Serialize(state))!;

    /// <summary>Numbered messages of many sizes over three ordered streams, each checked for its number and its content.</summary>
    private sealed class Traffic(Random random, int count, SctpAssociation sender, SctpAssociation receiver)
    {
        private readonly int[] _sent = new int[3];
        private readonly int[] _received = new int[3];
        private int _sentTotal;
        private byte[]? _waiting;
        private ushort _waitingStream;

        public SctpAssociation Sender { get; set; } = sender;
        public SctpAssociation Receiver { get; set; } = receiver;
        public bool IsDone => _sentTotal == count && _received.Sum() == count;

        public void Step(Instant now)
        {
            while (_sentTotal < count)
            {
                if (_waiting is null)
                {
                    _waitingStream = (ushort)random.Next(3);
                    _waiting = new byte[random.Next(20) == 0 ? random.Next(8, 40_000) : random.Next(8, 400)];
                    Array.Fill(_waiting, (byte)_sent[_waitingStream]);
                    BinaryPrimitives.WriteInt32LittleEndian(_waiting, _sent[_waitingStream]);
                    BinaryPrimitives.WriteInt32LittleEndian(_waiting.AsSpan(4), _waiting.Length);
                }
                if (Sender.Send(_waitingStream, 53, _waiting, false, null, now) != SctpSendResult.Queued) break;
                _waiting = null;
                _sent[_waitingStream]++;
                _sentTotal++;
                if (random.Next(4) == 0) break;
            }
            while (Receiver.TryReceive(out SctpMessage message))
            {
                int number = BinaryPrimitives.ReadInt32LittleEndian(message.Payload);
                Assert.Equal(_received[message.StreamId]++, number);
                Assert.Equal(BinaryPrimitives.ReadInt32LittleEndian(message.Payload[4..]), message.Payload.Length);
                Assert.Equal(-1, message.Payload[8..].IndexOfAnyExcept((byte)number));
            }
        }
    }
}
