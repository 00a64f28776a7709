using System.Security.Cryptography;
using Dapr.Voice.Native;

namespace Dapr.Voice.Srtp;

/// <summary>
/// Checks the results of OpenSSL calls that no packet can make fail. They fail only if memory or an algorithm is missing.
/// </summary>
internal static class Evp
{
    public static void Check(int result)
    {
        if (result == 1) return;
        nuint error = LibCrypto.ERR_get_error();
        LibCrypto.ERR_clear_error();
        throw new CryptographicException($"OpenSSL failed with error {error:X}.");
    }
}
