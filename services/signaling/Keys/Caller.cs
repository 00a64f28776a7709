namespace Dapr.Voice.Signaling.Keys;

/// <summary>The authenticated caller of the public API.</summary>
/// <param name="EphemeralKey">Null for the holder of an API key, who may do everything.</param>
/// <param name="KeyName">Distinguishes the key from all others. It is no secret.</param>
internal sealed record Caller(EphemeralKey? EphemeralKey, string KeyName)
{
    public bool HoldsApiKey => EphemeralKey is null;
}
