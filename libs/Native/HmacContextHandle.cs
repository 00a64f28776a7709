using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>An <c>HMAC_CTX</c>. The key is set once. Each message restarts it.</summary>
public sealed class HmacContextHandle : SafeHandle
{
    public HmacContextHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibCrypto.HMAC_CTX_free(handle);
        return true;
    }
}
