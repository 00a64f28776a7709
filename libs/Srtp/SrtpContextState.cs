namespace Dapr.Voice.Srtp;

/// <summary>
/// The state that another process needs to continue one direction. It contains secrets. A process that continues a sending context must
/// first raise <see cref="SrtpSourceState.HighestIndex"/> above every index that the old owner may have used. Using an index twice breaks
/// the cipher.
/// </summary>
public sealed record SrtpContextState(SrtpProtectionProfile Profile, byte[] Key, byte[] Salt, SrtpSourceState[] Sources)
{
    /// <summary>Returns the state of a sending context that has used every index below <paramref name="bound"/>.</summary>
    public SrtpContextState WithBound(uint ssrc, long bound)
        => this with { Sources = [new SrtpSourceState(ssrc, bound - 1, ulong.MaxValue, ulong.MaxValue)] };

    /// <summary>Returns the state of a receiving context that has missed an unknown number of packets.</summary>
    public SrtpContextState AsStale() => this with { Sources = [.. Sources.Select(source => source with { IsStale = true })] };

    public override string ToString() => $"SrtpContextState {{ Profile = {Profile}, Sources = {Sources.Length} }}";
}
