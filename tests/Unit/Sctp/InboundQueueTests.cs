using Dapr.Voice.Sctp;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

/// <summary>Messages in fragments, in whatever order their chunks arrive.</summary>
public sealed class InboundQueueTests
{
    private static readonly SctpOptions Options = new() { RandomSeed = 1 };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TryTake_FragmentsInAnyOrder_GivesEachMessageWholeAndInOrder(int order)
    {
        var queue = new InboundQueue(Options, new StreamTable());
        var random = new Random(order);
        var expected = new List<byte[]>();
        var chunks = new List<(uint Tsn, ushort Sequence, DataFlags Flags, byte Payload)>();
        uint tsn = uint.MaxValue - 40;
        for (ushort sequence = 0; sequence < 20; sequence++)
        {
            byte[] message = new byte[1 + random.Next(30)];
            random.NextBytes(message);
            expected.Add(message);
            for (int i = 0; i < message.Length; i++)
            {
                DataFlags flags = (i == 0 ? DataFlags.Beginning : DataFlags.None)
                    | (i == message.Length - 1 ? DataFlags.End : DataFlags.None);
                chunks.Add((tsn++, sequence, flags, message[i]));
            }
        }
        // In order, backwards, every second one first, and shuffled.
        List<(uint Tsn, ushort Sequence, DataFlags Flags, byte Payload)> arriving = order switch
        {
            0 => chunks,
            1 => [.. Enumerable.Reverse(chunks)],
            2 => [.. chunks.Where((_, i) => i % 2 == 0), .. chunks.Where((_, i) => i % 2 == 1)],
            _ => [.. chunks.OrderBy(_ => random.Next())],
        };
        foreach ((uint at, ushort sequence, DataFlags flags, byte payload) in arriving)
        {
            Assert.True(queue.HasRoomFor(1, isBeyond: true));
            Assert.Equal(InboundOutcome.Accepted, queue.Accept(at, 0, sequence, 51, flags, [payload]));
        }
        foreach (byte[] message in expected)
        {
            Assert.True(queue.HasMessage);
            Assert.True(queue.TryTake(out SctpMessage taken));
            Assert.Equal(message, taken.Payload.ToArray());
        }
        Assert.False(queue.HasMessage);
        Assert.True(queue.IsEmpty);
    }

    [Fact]
    public void Accept_FragmentsThatTogetherAreTooLarge_AreRefusedWhateverTheOrder()
    {
        var queue = new InboundQueue(new SctpOptions { RandomSeed = 1, MaximumReceiveMessageBytes = 2500 }, new StreamTable());
        byte[] payload = new byte[1000];
        Assert.Equal(InboundOutcome.Accepted, queue.Accept(1, 0, 0, 51, DataFlags.Beginning, payload));
        Assert.Equal(InboundOutcome.Accepted, queue.Accept(3, 0, 0, 51, DataFlags.End, payload));
        Assert.Equal(InboundOutcome.MessageTooLarge, queue.Accept(2, 0, 0, 51, DataFlags.None, payload));
    }
}
