using System.CommandLine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>Gives a command its action. The value that the action returns becomes the exit code of the process.</summary>
internal static class CommandExtensions
{
    public static void OnInvoke(this Command command, Func<ParseResult, ExitCode> action)
        => command.SetAction(result => (int)action(result));

    public static void OnInvoke(this Command command, Func<ParseResult, CancellationToken, Task<ExitCode>> action)
        => command.SetAction(async (result, cancellation) => (int)await action(result, cancellation));
}
