namespace Dapr.Voice.Cli.Machine;

/// <summary>Ends a command with one line that says what went wrong and one that says what to do. Exit status 1.</summary>
internal sealed class CommandFailedException(string message, string? fix = null) : Exception(message)
{
    public string? Fix { get; } = fix;
}
