using Concentus;

namespace Dapr.Voice.Opus;

/// <summary>What encoder and decoder of Concentus share: it stays managed, and its exceptions become libopus' error results.</summary>
internal static class ConcentusLibrary
{
    /// <summary>
    /// Concentus would look for a native libopus of its own. It doesn't find Debian's, and it deletes a <c>libopus.so</c> in the current
    /// folder that it can't load. This runs before either class touches the factory.
    /// </summary>
    public static void StayManaged() => OpusCodecFactory.AttemptToUseNativeLibrary = false;

    /// <summary>
    /// The result that libopus would have given. The port checks fewer bounds than the C code and leaves the others to the runtime, so
    /// hostile bytes can bring any exception, and none may reach the thread of a worker.
    /// </summary>
    public static int ErrorOf(Exception thrown) => (int)(thrown switch
    {
        OpusException { OpusErrorCode: < 0 and >= (int)OpusError.AllocationFailed and var code } => (OpusError)code,
        OpusException => OpusError.InternalError,
        ArgumentException => OpusError.BadArgument,
        _ => OpusError.InternalError,
    });
}
