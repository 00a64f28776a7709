namespace Dapr.Voice.Signaling;

/// <summary>The rule for agent names. They go into records, logs and URLs, so they have only plain characters.</summary>
internal static class AgentName
{
    public const int MaximumLength = 64;

    public static bool IsValid(string? name)
        => name is { Length: >= 1 and <= MaximumLength } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
