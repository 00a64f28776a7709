using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

public sealed class EchoAgentTests : IDisposable
{
    private readonly FakeAgentHost _host = new();
    private readonly EchoAgent _agent;
    private int _next;

    public EchoAgentTests() => _agent = new EchoAgent(_host);

    public void Dispose()
    {
        _agent.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void OnAudio_FrameByFrame_LeavesInTheNextSlot()
    {
        for (int i = 0; i < 100; i++)
        {
            Hear(1);
            _host.Play(_agent, 1);
            Assert.Equal(_next, _host.Spoken.Count / 480);
            Assert.Equal(_next, _host.Spoken[^1]);
        }
    }

    [Fact]
    public void OnAudio_Burst_KeepsTheNewest60Milliseconds()
    {
        Hear(20);
        Assert.Equal(EchoAgent.MaximumWaitingSamples, _host.Downlink.PendingSamples);
        _host.Play(_agent, 10);
        Assert.Equal([18, 19, 20], _host.Spoken.Where((_, i) => i % 480 == 0).Select(s => (int)s));
    }

    [Fact]
    public void OnAudio_DelayThatNobodyNeeds_IsWorkedOff()
    {
        Hear(3);
        for (int i = 0; i < 120; i++)
        {
            _host.Play(_agent, 1);
            Hear(1);
        }
        Assert.True(_host.Downlink.PendingSamples <= 2 * 480);
    }

    [Fact]
    public void OnAudio_Always_AllocatesNothing()
    {
        short[] frame = new short[480];
        short[] taken = new short[480];
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                _agent.OnAudio(frame, Instant.Zero);
                _host.Downlink.TryTake(taken, out _);
            }
        }));
    }

    private void Hear(int frames)
    {
        short[] frame = new short[480];
        for (int i = 0; i < frames; i++)
        {
            Array.Fill(frame, (short)++_next);
            _agent.OnAudio(frame, Instant.Zero);
        }
    }
}
