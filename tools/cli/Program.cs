using System.CommandLine;
using System.CommandLine.Help;
using System.Runtime.InteropServices;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Commands;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

var installation = Installation.Find();
// Not a RootCommand: its name is that of the assembly, and --help should show what the user types.
var root = new Command("./voice", "Dapr.Voice: talk to a voice model. 'up' starts the system, 'call' calls it.")
{
    new HelpOption(),
    new VersionOption(),
    UpCommand.Create(installation),
    DownCommand.Create(installation),
    DoctorCommand.Create(installation),
    SidecarCommand.Create(installation),
    CallCommand.Create(installation),
    LoadCommand.Create(installation),
    EventsCommand.Create(installation),
    RunCommand.Create(installation),
    PublishCommand.Create(installation),
    DeployCommand.Create(installation),
    CapacityCommand.Create(),
    TestCommand.Create(installation),
};
try
{
    // System.CommandLine cancels the command on SIGINT and SIGTERM. A terminal that is closed sends SIGHUP.
    using var hangup = new CancellationTokenSource();
    using var closed = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        signal.Cancel = true;
        hangup.Cancel();
    });
    // By default the library ends the process after two seconds. Ending a system takes up to five seconds for each of its five stages.
    var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = TimeSpan.FromSeconds(30) };
    return await root.Parse(args).InvokeAsync(invocation, hangup.Token);
}
catch (CommandFailedException failure)
{
    Console.Error.WriteLine($"voice: {failure.Message}");
    if (failure.Fix is not null) Console.Error.WriteLine($"       -> {failure.Fix}");
    return (int)ExitCode.Failed;
}
catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"voice: {failure.Message}");
    Console.Error.WriteLine($"       -> check that you may write to {installation.Home} and that the disk is not full; VOICE_HOME names "
        + "another folder");
    return (int)ExitCode.Failed;
}
catch (OperationCanceledException)
{
    return (int)ExitCode.Interrupted;
}
