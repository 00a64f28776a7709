using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Why the service can't start or continue, in one sentence for its operator. It is printed without a stack trace.
/// </summary>
public class ServiceException(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The exit code of the process.</summary>
    public ExitCode Code => code;
}
