using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>An <c>EVP_CIPHER_CTX</c>. Cipher, direction and key are set once. Each packet sets only its IV.</summary>
public sealed class EvpCipherContextHandle : SafeHandle
{
    public EvpCipherContextHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.EVP_CIPHER_CTX_free(handle);
        return true;
    }
}
