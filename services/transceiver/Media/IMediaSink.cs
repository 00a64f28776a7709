using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>What the media pump reports to: the agent of the session. Every member is called on the session's worker thread.</summary>
internal interface IMediaSink
{
    /// <summary>The caller has said 20 ms: 480 samples, 24 kHz, mono. The samples are valid only during the call.</summary>
    void OnAudio(ReadOnlySpan<short> pcm, Instant now);

    /// <summary>
    /// A frame of <paramref name="item"/> is sent to the caller now. <see cref="DownlinkItem.PlayedSamples"/> includes it.
    /// </summary>
    void OnPlayed(DownlinkItem item, Instant now);

    /// <summary>The downlink queue is empty, and the last frame taken has been played for its 20 ms.</summary>
    void OnDrained(Instant now);
}
