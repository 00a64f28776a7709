using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Turns;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Turns;

public sealed class TurnRecorderTests
{
    private readonly TurnRecorder _recorder = new() { KeepMilliseconds = 300 };
    private int _next;

    [Fact]
    public void Begin_AfterALongWait_StartsWithWhatWasJustHeard()
    {
        Hear(milliseconds: 10_000);
        Assert.Equal(300 * 24, _recorder.Recorded.Length);
        _recorder.Begin(120);
        Hear(milliseconds: 1000);
        Assert.Equal(1120 * 24, _recorder.Recorded.Length);
        AssertEndsWithWhatWasHeard();
    }

    [Fact]
    public void Begin_FurtherBackThanKept_StartsWithAllThatIsKept()
    {
        Hear(milliseconds: 200);
        _recorder.Begin(1000);
        Assert.Equal(200 * 24, _recorder.Recorded.Length);
    }

    [Fact]
    public void Append_BeyondAMinute_IsFullAndGrowsNoMore()
    {
        _recorder.Begin(0);
        Hear(milliseconds: 59_980);
        Assert.False(_recorder.IsFull);
        Hear(milliseconds: 5_000);
        Assert.True(_recorder.IsFull);
        Assert.Equal(60_000 * 24, _recorder.Recorded.Length);
    }

    [Fact]
    public void End_AfterATurn_KeepsOnlyTheLastMoments()
    {
        _recorder.Begin(0);
        Hear(milliseconds: 5_000);
        _recorder.End();
        Hear(milliseconds: 20);
        Assert.Equal(300 * 24, _recorder.Recorded.Length);
        AssertEndsWithWhatWasHeard();
    }

    [Fact]
    public void Append_WhileIdle_AllocatesNothing()
    {
        Hear(milliseconds: 3_000);
        short[] frame = new short[480];
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 500; i++) _recorder.Append(frame);
        }));
    }

    private void Hear(int milliseconds)
    {
        short[] frame = new short[480];
        for (int i = 0; i < milliseconds / 20; i++)
        {
            for (int s = 0; s < 480; s++) frame[s] = (short)_next++;
            _recorder.Append(frame);
        }
    }

    private void AssertEndsWithWhatWasHeard()
    {
        ReadOnlySpan<short> recorded = _recorder.Recorded;
        for (int i = 1; i <= recorded.Length; i++) Assert.Equal((short)(_next - i), recorded[^i]);
    }
}
