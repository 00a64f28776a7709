namespace Dapr.Voice.Srtp;

/// <summary>
/// What another process needs to continue one direction. Secret. Whoever continues a sending context must first raise
/// <see cref="SrtpSourceState.HighestIndex"/> beyond anything the old owner may have sent: an index used twice breaks the cipher.
/// </summary>
public sealed record SrtpContextState(SrtpProtectionProfile Profile, byte[] Key, byte[] Salt, SrtpSourceState[] Sources)
{
    public override string ToString() => $"SrtpContextState {{ Profile = {Profile}, Sources = {Sources.Length} }}";
}
