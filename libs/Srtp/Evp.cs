using System.Security.Cryptography;
using Dapr.Voice.Native;

namespace Dapr.Voice.Srtp;

/// <summary>Return codes of calls that can't fail on any packet: they fail for lack of memory or of an algorithm.</summary>
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
