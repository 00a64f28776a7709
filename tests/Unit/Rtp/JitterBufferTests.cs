using Dapr.Voice.Rtp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Rtp;

public sealed class JitterBufferTests
{
    private readonly JitterBuffer _buffer = new();
    private readonly byte[] _output = new byte[1280];

    [Fact]
    public void TryTake_InOrder_HandsOnAtOnce()
    {
        Insert(10, 0);
        Assert.Equal(["P10"], Take(0));
        Insert(11, 20);
        Assert.Equal(["P11"], Take(20));
        Assert.Equal(Instant.Never, _buffer.NextTimeout);
    }

    [Fact]
    public void TryTake_Reordered_WaitsForTheMissingOne()
    {
        Insert(10, 0);
        Take(0);
        Insert(12, 20);
        Assert.Empty(Take(20));
        Insert(11, 25);
        Assert.Equal(["P11", "P12"], Take(25));
        Assert.Equal(1, _buffer.Statistics.Reordered);
    }

    [Fact]
    public void TryTake_GapOlderThanTheWindow_ReportsLostWithTheNextPayload()
    {
        Insert(10, 0);
        Take(0);
        Insert(13, 20);
        Assert.Empty(Take(79));
        Assert.Equal(Instant.FromMilliseconds(80), _buffer.NextTimeout);
        // Only the frame right before packet 13 can be repaired from it.
        Assert.Equal(["L11", "L12+13", "P13"], Take(80));
        Assert.Equal(2, _buffer.Statistics.Lost);
    }

    [Fact]
    public void TryTake_EightPacketsBehindAGap_DoesNotWait()
    {
        Insert(10, 0);
        Take(0);
        for (ushort s = 12; s < 19; s++) Insert(s, 1);
        Assert.Empty(Take(1));
        Insert(19, 1);
        Assert.Equal(9, Take(1).Count);
        Assert.Equal(0, _buffer.Count);
    }

    [Theory, InlineData(8, 60), InlineData(9, 0)]
    public void TryTake_MorePacketsMissingThanCanBeLate_DoesNotWait(ushort missing, int wait)
    {
        Insert(10, 0);
        Take(0);
        Insert((ushort)(11 + missing), 500);
        Assert.Equal(Instant.FromMilliseconds(500 + wait), _buffer.NextTimeout);
        if (wait > 0) Assert.Empty(Take(500 + wait - 1));
        Assert.Equal(missing + 1, Take(500 + wait).Count);
    }

    [Fact]
    public void TryTake_PacketThatWaited_SaysWhenItArrived()
    {
        Insert(10, 0);
        Take(0);
        Insert(12, 20);
        Insert(11, 25);
        Assert.True(_buffer.TryTake(_output, out _, out JitterFrame eleven, Instant.FromMilliseconds(30)));
        Assert.True(_buffer.TryTake(_output, out _, out JitterFrame twelve, Instant.FromMilliseconds(30)));
        Assert.Equal((Instant.FromMilliseconds(25), Instant.FromMilliseconds(20)), (eleven.ArrivedAt, twelve.ArrivedAt));
    }

    [Fact]
    public void NextTimeout_SecondGap_RunsFromTheEarliestPacketBehindIt()
    {
        Insert(10, 0);
        Take(0);
        Insert(14, 10);
        Insert(12, 50);
        Assert.Equal(Instant.FromMilliseconds(70), _buffer.NextTimeout);
        Assert.Equal(["L11+12", "P12", "L13+14", "P14"], Take(70));
    }

    [Fact]
    public void TryTake_HundredMissing_ReportsTenAndResynchronises()
    {
        Insert(10, 0);
        Take(0);
        Insert(111, 2000, 101 * 960);
        List<string> frames = Take(2060);
        Assert.Equal(11, frames.Count);
        Assert.Equal("L101", frames[0]);
        Assert.Equal("L110+111", frames[9]);
        Assert.Equal("P111", frames[10]);
        Assert.Equal((90, 1), (_buffer.Statistics.Skipped, _buffer.Statistics.Resynchronisations));
    }

    [Fact]
    public void Insert_BetweenTwoLostFrames_IsStillInTime()
    {
        Insert(10, 0);
        Take(0);
        Insert(14, 10);
        Assert.True(_buffer.TryTake(_output, out _, out JitterFrame frame, Instant.FromMilliseconds(70)));
        Assert.Equal((JitterFrameKind.Lost, (ushort)11), (frame.Kind, frame.SequenceNumber));
        Insert(12, 71);
        Assert.Equal(["P12", "L13+14", "P14"], Take(71));
    }

    [Fact]
    public void Insert_LateAndDuplicate_AreDroppedAndCounted()
    {
        Insert(10, 0);
        Take(0);
        Assert.Equal(JitterInsertResult.Late, Insert(10, 1));
        Assert.Equal(JitterInsertResult.Late, Insert(9, 1));
        Assert.Equal(JitterInsertResult.Accepted, Insert(12, 1));
        Assert.Equal(JitterInsertResult.Duplicate, Insert(12, 1));
        Assert.Equal((2, 1), (_buffer.Statistics.Late, _buffer.Statistics.Duplicates));
    }

    [Fact]
    public void Insert_OversizedPayload_IsDroppedAndCounted()
    {
        Assert.Equal(JitterInsertResult.Oversized, _buffer.Insert(new byte[1281], 1, 1, Instant.Zero));
        Assert.Equal(1, _buffer.Statistics.Oversized);
    }

    [Fact]
    public void Insert_NobodyTakes_StopsAtTheSlots()
    {
        for (ushort s = 0; s < 32; s++) Assert.Equal(JitterInsertResult.Accepted, Insert(s, 0));
        Assert.Equal(JitterInsertResult.Full, Insert(32, 0));
        Assert.Equal(1, _buffer.Statistics.Overflows);
        Assert.Equal(32, Take(0).Count);
    }

    [Fact]
    public void Insert_SenderStartsOverFarBehind_FollowsWithItsSecondPacket()
    {
        Insert(30_000, 0);
        Take(0);
        Assert.Equal(JitterInsertResult.Late, Insert(100, 20));
        Assert.Equal(JitterInsertResult.Accepted, Insert(101, 40));
        Assert.Equal(["P101"], Take(40));
    }

    [Fact]
    public void TryTake_SilenceWithoutLoss_KeepsTimestampsAndMarker()
    {
        Insert(10, 0, 0);
        Take(0);
        _buffer.Insert([7], 11, 48_000, Instant.FromMilliseconds(1000));
        Assert.True(_buffer.TryTake(_output, out int length, out JitterFrame frame, Instant.FromMilliseconds(1000)));
        Assert.Equal(new JitterFrame(JitterFrameKind.Packet, 11, 48_000, Instant.FromMilliseconds(1000)), frame);
        Assert.Equal(1, length);
    }

    [Fact]
    public void Import_InMidStream_ExpectsTheSameNumber()
    {
        Insert(10, 0);
        Take(0);
        var imported = JitterBuffer.Import(_buffer.ExportState());
        Assert.Equal(JitterInsertResult.Late, imported.Insert([1], 10, 0, Instant.Zero));
        Assert.Equal(JitterInsertResult.Accepted, imported.Insert([1], 12, 1920, Instant.Zero));
        Assert.False(imported.TryTake(_output, out _, out _, Instant.Zero));
    }

    [Fact]
    public void Restart_WithPacketsHeldAndAnyNumberNext_BeginsAnewAndAllocatesNothing()
    {
        Insert(10, 0);
        Take(0);
        Insert(12, 20);
        _buffer.Restart();
        Assert.Equal(1, _buffer.Statistics.Discarded);
        Assert.Equal((0, Instant.Never), (_buffer.Count, _buffer.NextTimeout));
        Insert(3, 40);
        Assert.Equal(["P3"], Take(40));

        byte[] payload = new byte[160];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (ushort i = 0; i < 1000; i++)
        {
            _buffer.Restart();
            _buffer.Insert(payload, (ushort)(i * 7919), i, Instant.Zero);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void InsertAndTake_SteadyStateWithLossAndReordering_AllocateNothing()
    {
        byte[] payload = new byte[160];
        Run(0, 200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(200, 5000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Run(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                int sequence = i % 10 == 3 ? i + 1 : i % 10 == 4 ? i - 1 : i;
                var now = Instant.FromMilliseconds(i * 20);
                if (i % 17 != 0) _buffer.Insert(payload, (ushort)sequence, (uint)(sequence * 960), now);
                while (_buffer.TryTake(_output, out _, out _, now)) { }
            }
        }
    }

    private JitterInsertResult Insert(ushort sequence, long atMilliseconds, uint? timestamp = null)
        => _buffer.Insert([(byte)sequence], sequence, timestamp ?? (uint)(sequence - 10) * 960,
        Instant.FromMilliseconds(atMilliseconds));

    /// <summary>Every frame that is due: P = packet, L = lost, + the number whose payload came along.</summary>
    private List<string> Take(long atMilliseconds)
    {
        var frames = new List<string>();
        while (_buffer.TryTake(_output, out int length, out JitterFrame frame, Instant.FromMilliseconds(atMilliseconds)))
        {
            string text = $"{(frame.Kind == JitterFrameKind.Lost ? "L" : "P")}{frame.SequenceNumber}";
            if (frame.Kind == JitterFrameKind.Lost && length > 0) text += $"+{_output[0]}";
            frames.Add(text);
        }
        return frames;
    }
}
