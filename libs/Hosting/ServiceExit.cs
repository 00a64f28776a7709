using Dapr.Voice.Contracts;
using Dapr.Voice.Native;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Hosting;

/// <summary>Lets a part of a running service end the process when it can't continue. Only the first reason counts. Thread-safe.</summary>
public sealed partial class ServiceExit(IHostApplicationLifetime lifetime, ILogger<ServiceExit> logger)
{
    private ServiceException? _reason;

    /// <summary>Null if nothing has failed.</summary>
    public ServiceException? Reason => Volatile.Read(ref _reason);

    /// <summary>
    /// Stops the service. The process exits with the code of the reason. A missing native library means <see cref="ExitCode.Failed"/>. Any
    /// other reason that is not a <see cref="ServiceException"/> counts as a fault of our own.
    /// </summary>
    public void Fail(Exception reason)
    {
        ServiceException? known = reason switch
        {
            ServiceException already => already,
            MissingNativeLibraryException missing => new ServiceException(ExitCode.Failed, missing.Message, missing),
            _ => null,
        };
        ServiceException first = known ?? new ServiceException(
            ExitCode.Fault, "The service failed because of an internal error. The log has the details.", reason);
        if (Interlocked.CompareExchange(ref _reason, first, null) is not null) return;
        LogCannotGoOn(logger, first.Message, known is null ? reason : null);
        lifetime.StopApplication();
    }

    [LoggerMessage(1, LogLevel.Critical, "The service can't continue: {Problem}")]
    private static partial void LogCannotGoOn(ILogger logger, string problem, Exception? exception);
}
