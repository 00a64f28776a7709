using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Sends the caller's audio straight back: what comes in leaves in the next 20 ms slot. A burst, as after a stalled network, does not
/// become a lasting delay, because the oldest frames are dropped.
/// </summary>
internal sealed class EchoAgent(IAgentHost host) : LocalAgent(host, AgentCatalog.Echo)
{
    /// <summary>60 ms. The reordering window of the uplink can deliver three frames at once.</summary>
    public const int MaximumWaitingSamples = 3 * AudioFormat.FrameSamples;

    // If two frames were not needed for a second, they only add delay.
    private const int StandingSamples = 2 * AudioFormat.FrameSamples;
    private const int StandingFrames = 50;

    private readonly DownlinkItem _item = new("item_echo", "resp_echo");
    private long _leastWaiting = long.MaxValue;
    private int _frames;

    public override void OnAudio(ReadOnlySpan<short> pcm, Instant now)
    {
        DownlinkQueue downlink = Host.Downlink;
        _leastWaiting = Math.Min(_leastWaiting, downlink.PendingSamples);
        if (++_frames == StandingFrames)
        {
            if (_leastWaiting >= StandingSamples) downlink.DropOldest(AudioFormat.FrameSamples);
            _leastWaiting = long.MaxValue;
            _frames = 0;
        }
        if (downlink.PendingSamples >= MaximumWaitingSamples) downlink.DropOldest(AudioFormat.FrameSamples);
        downlink.TryEnqueue(_item, pcm);
    }
}
