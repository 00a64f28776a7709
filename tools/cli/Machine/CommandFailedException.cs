namespace Dapr.Voice.Cli.Machine;

/// <summary>Ends a command with exit code 1. The command prints one line with the problem, and a line that says what to do.</summary>
internal sealed class CommandFailedException(string message, string? fix = null) : Exception(message)
{
    public string? Fix { get; } = fix;
}
