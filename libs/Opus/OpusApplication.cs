using Dapr.Voice.Native;

namespace Dapr.Voice.Opus;

/// <summary>What the encoder optimises for.</summary>
public enum OpusApplication
{
    /// <summary>Intelligible speech; the only one with in-band FEC at low rates.</summary>
    Voip = LibOpus.OPUS_APPLICATION_VOIP,
    Audio = LibOpus.OPUS_APPLICATION_AUDIO,
}
