namespace Dapr.Voice.Opus;

/// <summary>The negative results of encoding and decoding (opus_defines.h).</summary>
public enum OpusError
{
    None = 0,
    BadArgument = -1,
    BufferTooSmall = -2,
    InternalError = -3,
    InvalidPacket = -4,
    Unimplemented = -5,
    InvalidState = -6,
    AllocationFailed = -7,
}
