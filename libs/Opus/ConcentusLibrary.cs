using Concentus;

namespace Dapr.Voice.Opus;

/// <summary>
/// What encoder and decoder of Concentus share. It keeps Concentus managed, and it turns exceptions into the error results of libopus.
/// </summary>
internal static class ConcentusLibrary
{
    /// <summary>
    /// Stops Concentus from searching for a native libopus. It does not find Debian's, and it deletes a <c>libopus.so</c> in the current
    /// folder that it can't load. Call this before the first use of the factory.
    /// </summary>
    public static void StayManaged() => OpusCodecFactory.AttemptToUseNativeLibrary = false;

    /// <summary>
    /// Returns the error result that libopus would have returned. The port checks fewer bounds than the C code and leaves the others to the
    /// runtime. So hostile bytes can cause any exception, and none may reach the thread of a worker.
    /// </summary>
    public static int ErrorOf(Exception thrown) => (int)(thrown switch
    {
        OpusException { OpusErrorCode: < 0 and >= (int)OpusError.AllocationFailed and var code } => (OpusError)code,
        OpusException => OpusError.InternalError,
        ArgumentException => OpusError.BadArgument,
        _ => OpusError.InternalError,
    });
}
