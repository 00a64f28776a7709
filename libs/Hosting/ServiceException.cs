using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hosting;

/// <summary>
/// A reason why the service cannot start or go on, in one sentence for the person who runs it. No stack trace helps that person.
/// </summary>
public class ServiceException(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What the process exits with.</summary>
    public ExitCode Code => code;
}
