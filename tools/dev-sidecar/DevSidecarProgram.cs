using System.Runtime.InteropServices;

namespace Dapr.Voice.DevSidecar;

/// <summary>The process from its arguments to its exit code.</summary>
public static class DevSidecarProgram
{
    /// <summary>Runs until SIGTERM, SIGINT, the cancellation or the shutdown of the last app id.</summary>
    /// <returns>0; 1 with a message on <paramref name="error"/> where it could not start.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Func<string, string?> environment, TextWriter output,
        TextWriter error, CancellationToken cancellation = default)
    {
        if (arguments is ["--help" or "-h"])
        {
            output.WriteLine(DevSidecarOptions.Usage);
            return 0;
        }
        try
        {
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
            return 0;
        }
        catch (ResourceException e)
        {
            error.WriteLine(e.Message);
            return 1;
        }
    }
}
