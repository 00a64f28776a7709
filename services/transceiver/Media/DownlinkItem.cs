namespace Dapr.Voice.Transceiver.Media;

/// <summary>One piece of speech in the downlink: a content part of a conversation item. Knows how much of it the caller was sent.</summary>
internal sealed class DownlinkItem(string itemId, string responseId, int contentIndex = 0)
{
    public string ItemId { get; } = itemId;
    public string ResponseId { get; } = responseId;
    public int ContentIndex { get; } = contentIndex;

    /// <summary>Samples (24 kHz) that were queued, those dropped at the limit not counted.</summary>
    public long QueuedSamples { get; internal set; }

    /// <summary>Samples (24 kHz) handed to the encoder; the zeros that fill up a last frame are not counted.</summary>
    public long PlayedSamples { get; internal set; }

    /// <summary>No more audio will come: a last part shorter than a frame may go.</summary>
    public bool IsComplete { get; internal set; }

    /// <summary><c>audio_end_ms</c> of a truncation: rounded down, so it never names a sample that was not sent.</summary>
    public int PlayedMilliseconds => (int)(PlayedSamples / AudioFormat.SamplesPerMillisecond);

    public bool IsFullyPlayed => PlayedSamples == QueuedSamples;
}
