namespace Dapr.Voice.Signaling.Keys;

/// <summary>The authenticated caller of the public API.</summary>
/// <param name="EphemeralKey">Null for the holder of an API key, who may do everything.</param>
internal sealed record Caller(EphemeralKey? EphemeralKey)
{
    public static Caller ApiKeyHolder { get; } = new((EphemeralKey?)null);
    public bool HoldsApiKey => EphemeralKey is null;
}
