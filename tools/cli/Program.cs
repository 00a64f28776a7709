using System.CommandLine;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Commands;
using Dapr.Voice.Cli.Machine;

var installation = Installation.Find();
var root = new RootCommand("Dapr.Voice: talk to a model, and it feels like talking. 'up' starts it, 'call' calls it.")
{
    UpCommand.Create(installation),
    DownCommand.Create(installation),
    DoctorCommand.Create(installation),
    SidecarCommand.Create(installation),
    CallCommand.Create(installation),
    LoadCommand.Create(installation),
    EventsCommand.Create(installation),
    RunCommand.Create(installation),
    PublishCommand.Create(installation),
    TestCommand.Create(installation),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (CommandFailedException failure)
{
    Console.Error.WriteLine($"voice: {failure.Message}");
    if (failure.Fix is not null) Console.Error.WriteLine($"       -> {failure.Fix}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
