using System.Text.Json;

namespace Dapr.Voice.Hooks;

/// <summary>Everything that a hook uses. Tests supply their own, and <see cref="HookProgram"/> supplies that of the process.</summary>
internal sealed class HookContext
{
    /// <summary>
    /// azd passes each output of <c>main.bicep</c>, and each value of its environment, as a variable. What the hook sets is added.
    /// </summary>
    public required Dictionary<string, string> Environment { get; init; }

    public required TextWriter Output { get; init; }

    /// <summary>The root of the clone.</summary>
    public required string RepositoryRoot { get; init; }

    /// <summary>The folder in which a folder for secrets is made.</summary>
    public required string TemporaryFolder { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Asks the deployed services whether they are ready.</summary>
    public required HttpClient Http { get; init; }

    /// <summary>How long a hook waits for Azure: for a role that does not count yet, or for an app that starts.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The time between two attempts.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(10);

    public void Say(string text) => Output.WriteLine(text);

    /// <returns>Null if the variable is absent or empty. azd does not distinguish the two.</returns>
    public string? Optional(string variable) => Environment.TryGetValue(variable, out string? value) && value.Length > 0 ? value : null;

    /// <summary>A variable that azd sets from an output of <c>main.bicep</c>. <c>tools/infra</c> checks that the output exists.</summary>
    public string Required(string variable)
        => Optional(variable) ?? throw new HookFailure($"{variable} is not set",
            "run 'azd provision' first: it sets the variable from the outputs of main.bicep");

    /// <summary>An output that is an array of strings. azd passes it as JSON text.</summary>
    public IReadOnlyList<string> RequiredList(string variable) => RequiredJson<string>(variable);

    /// <summary>An output that is an array of arrays of strings.</summary>
    public IReadOnlyList<IReadOnlyList<string>> RequiredLists(string variable) => RequiredJson<string[]>(variable);

    private T[] RequiredJson<T>(string variable)
    {
        string text = Required(variable);
        try
        {
            // Some versions of azd escape the quotation marks once more.
            T[]? items = JsonSerializer.Deserialize<T[]>(text.Replace("\\\"", "\"", StringComparison.Ordinal));
            if (items is { Length: > 0 }) return items;
        }
        catch (JsonException) { }
        throw new HookFailure($"{variable} is not an array in JSON",
            "run 'azd provision' first: it sets the variable from the outputs of main.bicep");
    }
}
