using System.Security.Cryptography;
using System.Text;

namespace Dapr.Voice.Steering;

/// <summary>
/// The ICE password that belongs to a ufrag (docs/design.md 4.2): base32 of the first 20 bytes of HMAC-SHA256(key, ufrag). Whoever holds
/// the ring can check and answer a session's STUN without a look-up. It protects connectivity checks only; media keys come from DTLS.
/// </summary>
public static class IcePassword
{
    /// <summary>Length in characters. They carry 160 bits; RFC 8445, section 5.3 asks for at least 128.</summary>
    public const int TextLength = 32;

    private const int DerivedBytes = 20;

    /// <param name="ufrag">A routing hint as text. Its key id selects the key, so both rings rotate together.</param>
    /// <exception cref="ArgumentException">The text does not have the form of a hint, or the ring lacks its key.</exception>
    public static string Derive(KeyRing passwordKeys, string ufrag)
    {
        Span<byte> ascii = stackalloc byte[RoutingHint.TextLength], password = stackalloc byte[TextLength];
        if (ufrag.Length != RoutingHint.TextLength || !Ascii.IsValid(ufrag))
            throw new ArgumentException("Not a ufrag of ours.", nameof(ufrag));
        Encoding.ASCII.GetBytes(ufrag, ascii);
        if (!TryDerive(passwordKeys, ascii, password))
            throw new ArgumentException("Not a ufrag of ours, or its key has left the ring.", nameof(ufrag));
        return Encoding.ASCII.GetString(password);
    }

    /// <summary>Derives the password for a received packet, without allocating.</summary>
    /// <param name="username"><c>ufrag</c> or <c>ufrag:peer</c>.</param>
    /// <param name="password">Receives <see cref="TextLength"/> bytes of ASCII, the key of MESSAGE-INTEGRITY.</param>
    public static bool TryDerive(KeyRing passwordKeys, ReadOnlySpan<byte> username, Span<byte> password)
    {
        int colon = username.IndexOf((byte)':');
        ReadOnlySpan<byte> ufrag = colon < 0 ? username : username[..colon];
        Span<byte> first = stackalloc byte[5];
        // The first byte of the hint holds the key id. Eight characters decode to five bytes, which is enough.
        if (ufrag.Length != RoutingHint.TextLength || !Base32.TryDecode(ufrag[..8], first)) return false;
        if (!passwordKeys.TryGetKey(first[0] & 15, out ReadOnlySpan<byte> key)) return false;
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, ufrag, mac);
        Base32.Encode(mac[..DerivedBytes], password);
        return true;
    }
}
