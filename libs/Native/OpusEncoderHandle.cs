using System.Runtime.InteropServices;

namespace Dapr.Voice.Native;

/// <summary>An <c>OpusEncoder</c>.</summary>
public sealed class OpusEncoderHandle : SafeHandle
{
    public OpusEncoderHandle() : base(0, ownsHandle: true) { }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibOpus.opus_encoder_destroy(handle);
        return true;
    }
}
