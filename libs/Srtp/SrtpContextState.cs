namespace Dapr.Voice.Srtp;

/// <summary>
/// The state that another process needs to continue one direction. It contains secrets. A process that continues a sending context must
/// first raise <see cref="SrtpSourceState.HighestIndex"/> above every index that the old owner may have used. Using an index twice breaks
/// the cipher.
/// </summary>
public sealed record SrtpContextState(SrtpProtectionProfile Profile, byte[] Key, byte[] Salt, SrtpSourceState[] Sources)
{
    public override string ToString() => $"SrtpContextState {{ Profile = {Profile}, Sources = {Sources.Length} }}";
}
