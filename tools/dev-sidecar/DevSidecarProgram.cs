using System.Runtime.InteropServices;
using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar;

/// <summary>Runs the process, from its arguments to its exit code.</summary>
public static class DevSidecarProgram
{
    /// <summary>Runs until SIGTERM, SIGINT, the cancellation or the shutdown of the last app id.</summary>
    /// <returns>
    /// An <see cref="ExitCode"/>. It is <see cref="ExitCode.Failed"/> if the process could not start; <paramref name="error"/> then has the
    /// reason.
    /// </returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Func<string, string?> environment, TextWriter output,
        TextWriter error, CancellationToken cancellation = default)
    {
        if (arguments is ["--help" or "-h"])
        {
            output.WriteLine(DevSidecarOptions.Usage);
            return (int)ExitCode.Done;
        }
        try
        {
            if (OpenFiles.Limit() is var limit and < OpenFiles.Fewest)
                throw new ResourceException($"This process may open {limit} files, and needs at least {OpenFiles.Fewest}: ulimit -n 4096.");
            var options = DevSidecarOptions.Parse(arguments, environment);
            DevSidecarHost host = await DevSidecarHost.StartAsync(options, output, cancellation).ConfigureAwait(false);
            await using (host.ConfigureAwait(false))
            {
                var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                void Stop(PosixSignalContext signal)
                {
                    signal.Cancel = true;
                    stop.TrySetResult();
                }
                using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
                using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
                using CancellationTokenRegistration cancelled = cancellation.Register(() => stop.TrySetResult());
                await Task.WhenAny(stop.Task, host.Ended).ConfigureAwait(false);
            }
            return (int)ExitCode.Done;
        }
        catch (ResourceException e)
        {
            error.WriteLine(e.Message);
            return (int)ExitCode.Failed;
        }
    }
}
