namespace Dapr.Voice.Sdp;

/// <summary>The grammar of <c>a=fingerprint</c> (RFC 8122, section 5), written one way: lower-case function, upper-case bytes.</summary>
internal static class FingerprintAttribute
{
    /// <summary>With the space behind it: the one hash function that every WebRTC endpoint has.</summary>
    public const string RequiredAlgorithm = "sha-256 ";

    public static bool TryNormalize(string value, out string normalized)
    {
        normalized = "";
        int space = value.IndexOf(' ');
        if (space < 0) return false;
        string algorithm = value[..space].ToLowerInvariant();
        // MD5 and SHA-1 are left out on purpose: a certificate that collides can be made.
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
