namespace Dapr.Voice.Srtp;

/// <summary>
/// The master key and the master salt of one direction (RFC 3711, section 3.2.1), as plain data. <c>DtlsTransport</c> in libs/Dtls takes
/// them from the handshake. Both are secret; <c>ToString</c> shows neither.
/// </summary>
/// <param name="Key">16 bytes.</param>
/// <param name="Salt">14 bytes for AES-CM, 12 bytes for GCM.</param>
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
