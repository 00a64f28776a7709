using System.Security.Cryptography;

namespace Dapr.Voice.Dtls;

/// <summary>The pseudorandom function of TLS 1.2 (RFC 5246, section 5).</summary>
internal static class Tls12Prf
{
    public static void Expand(HashAlgorithmName hash, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> seed,
        Span<byte> output)
    {
        int size = hash == HashAlgorithmName.SHA384 ? 48 : 32;
        byte[] labelAndSeed = [.. label, .. seed];
        // A(1) = HMAC(secret, seed); each block is HMAC(secret, A(i) + seed).
        byte[] a = Mac(hash, secret, labelAndSeed);
        for (int at = 0; at < output.Length; at += size)
        {
            byte[] block = Mac(hash, secret, [.. a, .. labelAndSeed]);
            block.AsSpan(0, Math.Min(size, output.Length - at)).CopyTo(output[at..]);
            a = Mac(hash, secret, a);
        }
    }

    private static byte[] Mac(HashAlgorithmName hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
        => hash == HashAlgorithmName.SHA384 ? HMACSHA384.HashData(key, data) : HMACSHA256.HashData(key, data);
}
