namespace Dapr.Voice.Srtp;

/// <summary>Master key and master salt of one direction (RFC 5764, section 4.2). Secret: its text form shows neither.</summary>
/// <param name="Key">16 bytes.</param>
/// <param name="Salt">14 bytes for AES-CM, 12 for GCM.</param>
public sealed record SrtpKeyingMaterial(SrtpProtectionProfile Profile, byte[] Key, byte[] Salt)
{
    public override string ToString() => $"SrtpKeyingMaterial {{ Profile = {Profile} }}";

    internal void Validate()
    {
        if (Key.Length != SrtpProfileParameters.KeyLength(Profile))
            throw new ArgumentException($"{Profile} has a master key of {SrtpProfileParameters.KeyLength(Profile)} bytes.");
        if (Salt.Length != SrtpProfileParameters.SaltLength(Profile))
            throw new ArgumentException($"{Profile} has a master salt of {SrtpProfileParameters.SaltLength(Profile)} bytes.");
    }
}
