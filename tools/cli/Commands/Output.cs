using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// Results go to standard output. Progress and errors go to standard error, so that the result of <c>--json</c> can be piped.
/// </summary>
internal static class Output
{
    private static readonly JsonSerializerOptions Compact = new() { WriteIndented = false };

    /// <summary>A console on standard error, so that tables and JSON stay clean.</summary>
    public static readonly IAnsiConsole Progress = AnsiConsole.Create(
        new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    public static void Say(string text) => Console.Error.WriteLine(text);

    public static void Json(JsonNode node) => Console.Out.WriteLine(node.ToJsonString(Compact));
}
