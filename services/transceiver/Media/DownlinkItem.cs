namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// One piece of speech in the downlink: a content part of a conversation item. It knows how much of it the caller was sent.
/// </summary>
internal sealed class DownlinkItem(string itemId, string responseId, int contentIndex = 0)
{
    public string ItemId { get; } = itemId;
    public string ResponseId { get; } = responseId;
    public int ContentIndex { get; } = contentIndex;

    /// <summary>Samples (24 kHz) that were queued. Samples that were dropped at the limit are not counted.</summary>
    public long QueuedSamples { get; internal set; }

    /// <summary>Samples (24 kHz) that were given to the encoder. The zeros that fill up a last frame are not counted.</summary>
    public long PlayedSamples { get; internal set; }

    /// <summary>No more audio will come, so a last part that is shorter than a frame may be played.</summary>
    public bool IsComplete { get; internal set; }

    /// <summary>The <c>audio_end_ms</c> of a truncation. It is rounded down, so that it never names a sample that was not sent.</summary>
    public int PlayedMilliseconds => (int)(PlayedSamples / AudioFormat.SamplesPerMillisecond);

    public bool IsFullyPlayed => PlayedSamples == QueuedSamples;
}
