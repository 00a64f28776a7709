using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>
/// A <c>ps_decoder_t</c>: acoustic model, dictionary and its searches. It needs about 40 MB. Only one thread may use it at a time.
/// </summary>
public sealed class PocketSphinxHandle : SafeHandle
{
    public PocketSphinxHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibPocketSphinx.ps_free(handle);
        return true;
    }
}
