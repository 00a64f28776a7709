using Dapr.Voice.Native;

namespace Dapr.Voice.Opus;

/// <summary>What the encoder optimizes for.</summary>
public enum OpusApplication
{
    /// <summary>Intelligible speech. Only this one has in-band FEC at low bit rates.</summary>
    Voip = LibOpus.OPUS_APPLICATION_VOIP,
    Audio = LibOpus.OPUS_APPLICATION_AUDIO,
}
