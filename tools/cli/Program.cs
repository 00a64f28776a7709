using System.CommandLine;
using System.CommandLine.Help;
using System.ComponentModel;
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
    DrillCommand.Create(installation),
    EventsCommand.Create(installation),
    RunCommand.Create(installation),
    PublishCommand.Create(installation),
    DeployCommand.Create(installation),
    CapacityCommand.Create(),
    TestCommand.Create(installation),
};
Descriptors.KeepFromChildren();
bool asJson = args.Contains("--json", StringComparer.Ordinal);
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
    ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
    if (parsed.Errors is [var first, ..])
    {
        string command = parsed.CommandResult.Command == root ? root.Name : $"{root.Name} {parsed.CommandResult.Command.Name}";
        return Failed(first.Message.TrimEnd('.'), $"see '{command} --help'");
    }
    return await parsed.InvokeAsync(invocation, hangup.Token);
}
catch (CommandFailedException failure)
{
    return Failed(failure.Message, failure.Fix);
}
catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
{
    return Failed(failure.Message, $"check that you may write to {installation.Home} and that the disk is not full; VOICE_HOME names "
        + "another folder");
}
catch (Win32Exception failure)
{
    // A program of the machine that a command needs does not start.
    return Failed(failure.Message, "'./voice doctor' says what is missing on this machine");
}
catch (OperationCanceledException)
{
    return (int)ExitCode.Interrupted;
}

// Standard error has the sentence for a person. With --json, standard output has it for a script.
int Failed(string message, string? fix)
{
    Output.Say($"voice: {message}");
    if (fix is not null) Output.Say($"       -> {fix}");
    if (asJson) Output.JsonError(message, fix);
    return (int)ExitCode.Failed;
}
