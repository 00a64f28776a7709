namespace Dapr.Voice.Sdp;

/// <summary>
/// The grammar of <c>a=fingerprint</c> (RFC 8122, section 5), in one normal form: the hash function in lower case, the bytes in upper case.
/// </summary>
internal static class FingerprintAttribute
{
    public static bool TryNormalize(string value, out string normalized)
    {
        normalized = "";
        int space = value.IndexOf(' ');
        if (space < 0) return false;
        string algorithm = value[..space].ToLowerInvariant();
        // MD5 and SHA-1 are omitted on purpose: an attacker can create a certificate with the same hash.
        int bytes = algorithm switch { "sha-256" => 32, "sha-384" => 48, "sha-512" => 64, _ => 0 };
        ReadOnlySpan<char> hex = value.AsSpan(space + 1).Trim(' ');
        if (bytes == 0 || hex.Length != (bytes * 3) - 1) return false;
        for (int i = 0; i < hex.Length; i++)
        {
            if (i % 3 == 2 ? hex[i] != ':' : !char.IsAsciiHexDigit(hex[i])) return false;
        }
        normalized = $"{algorithm} {hex.ToString().ToUpperInvariant()}";
        return true;
    }
}
