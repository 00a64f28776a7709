using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// Results go to standard output. Progress and errors go to standard error, so that the result of <c>--json</c> can be piped.
/// </summary>
internal static class Output
{
    private const int PipedWidth = 150;

    // The default encoder escapes quotes, angle brackets and other letters than ASCII for HTML. A person or a script reads this.
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A console on standard error, so that tables and JSON stay clean.</summary>
    public static readonly IAnsiConsole Progress = AnsiConsole.Create(
        new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Writes a line of progress. It is lost if standard error is a file on a full disk, which must not end the command.</summary>
    public static void Say(string text)
    {
        try
        {
            Console.Error.WriteLine(text);
        }
        catch (IOException)
        {
            // Nobody can be told.
        }
    }

    /// <summary>
    /// Prints a table for a person. Into a pipe it is as wide as it needs, because Spectre.Console would assume 80 columns and break names.
    /// </summary>
    public static void Print(Table table)
    {
        int width = AnsiConsole.Profile.Width;
        if (Console.IsOutputRedirected) AnsiConsole.Profile.Width = PipedWidth;
        AnsiConsole.Write(table);
        AnsiConsole.Profile.Width = width;
    }

    /// <summary>Prints a paragraph. A terminal gets it broken between words, a pipe in one line.</summary>
    public static void Prose(string text)
    {
        if (Console.IsOutputRedirected) Console.WriteLine(text);
        else AnsiConsole.Write(new Text(text + "\n"));
    }

    /// <summary>A table of rows whose cells may have the Markdown of <c>CapacityTables</c>: bold text and code.</summary>
    public static Table TableOf(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns([.. rows[0].Select(Plain)]);
        foreach (IReadOnlyList<string> row in rows.Skip(1)) table.AddRow([.. row.Select(Plain)]);
        return table;
        static string Plain(string cell)
            => Markup.Escape(cell.Replace("**", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal));
    }

    public static void Json(JsonNode node) => Console.Out.WriteLine(node.ToJsonString(Compact));

    /// <summary>A failure for a reader of <c>--json</c>: <c>{"error":{"message":…,"fix":…}}</c>.</summary>
    public static void JsonError(string message, string? fix)
        => Json(new JsonObject { ["error"] = new JsonObject { ["message"] = message, ["fix"] = fix } });
}
