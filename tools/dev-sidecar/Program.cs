using System.Runtime.InteropServices;
using Dapr.Voice.DevSidecar;

if (args is ["--help" or "-h"])
{
    Console.WriteLine(DevSidecarOptions.Usage);
    return 0;
}
try
{
    var options = DevSidecarOptions.Parse(args, Environment.GetEnvironmentVariable);
    await using var host = await DevSidecarHost.StartAsync(options, Console.Out);
    var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stop.TrySetResult();
    }
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    await Task.WhenAny(stop.Task, host.Ended);
    return 0;
}
catch (ResourceException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
