using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>An <c>OpusDecoder</c>.</summary>
public sealed class OpusDecoderHandle : SafeHandle
{
    public OpusDecoderHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibOpus.opus_decoder_destroy(handle);
        return true;
    }
}
