using System.Text.RegularExpressions;

namespace Dapr.Voice.TestKit.Documents;

/// <summary>What a test does with a step of a document.</summary>
public enum StepKind
{
    /// <summary>A shell block that runs and exits with 0.</summary>
    Run,
    /// <summary>A shell block that is started and keeps running after it has printed a given text.</summary>
    RunUntil,
    /// <summary>The output of the step with that name.</summary>
    Prints,
    /// <summary>
    /// A shell block that needs a cloud (<c>cloud</c>) or something else that a test does not have (<c>form</c>). Only its form is checked.
    /// </summary>
    FormOnly,
}

/// <summary>A marker before a block: <c>&lt;!-- STEP name: run --&gt;</c>, <c>run until "text"</c>,
/// <c>prints</c>, <c>cloud</c> or <c>form</c>.</summary>
/// <param name="Until">The text that a step prints when it is ready, or null for other kinds.</param>
public sealed record DocumentStep(string Name, StepKind Kind, string? Until);

/// <summary>A fenced block of a Markdown page.</summary>
/// <param name="Line">The line of the fence, from 1.</param>
/// <param name="Language">The word after the fence, or an empty string.</param>
/// <param name="Given">A file that a test supplies before the step: <c>&lt;!-- GIVEN offer.json: an offer --&gt;</c>.</param>
public sealed partial record DocumentBlock(int Line, string Language, string Text, DocumentStep? Step, (string File, string What)? Given)
{
    /// <summary>Reads all blocks of a page, in order.</summary>
    /// <exception cref="FormatException">A fence is not closed, a marker cannot be read, or one stands before no block.</exception>
    public static IReadOnlyList<DocumentBlock> Read(string page)
    {
        string[] lines = page.Split('\n');
        var blocks = new List<DocumentBlock>();
        DocumentStep? step = null;
        (string File, string What)? given = null;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.StartsWith("<!-- STEP", StringComparison.Ordinal)) step = ReadStep(line, i + 1);
            else if (GivenMarker().Match(line) is { Success: true } match) given = (match.Groups[1].Value, match.Groups[2].Value);
            else if (line.StartsWith("```", StringComparison.Ordinal))
            {
                int end = Array.FindIndex(lines, i + 1, l => l.Trim() == "```");
                if (end < 0) throw new FormatException($"line {i + 1}: the block is not closed");
                blocks.Add(new DocumentBlock(i + 1, line[3..].Trim(), string.Join('\n', lines[(i + 1)..end]), step, given));
                (step, given, i) = (null, null, end);
            }
            else if (line.Length > 0 && (step is not null || given is not null))
            throw new FormatException($"line {i + 1}: a marker stands before no block");
        }
        if (step is not null || given is not null) throw new FormatException("the last marker stands before no block");
        return blocks;
    }

    private static DocumentStep ReadStep(string line, int number)
    {
        Match match = StepMarker().Match(line);
        if (!match.Success) throw new FormatException($"line {number}: '{line}' is no step");
        StepKind kind = match.Groups[2].Value switch
        {
            "run" => StepKind.Run,
            "prints" => StepKind.Prints,
            "cloud" or "form" => StepKind.FormOnly,
            _ => StepKind.RunUntil,
        };
        return new DocumentStep(match.Groups[1].Value, kind, kind == StepKind.RunUntil ? match.Groups[3].Value : null);
    }

    [GeneratedRegex("""^<!-- STEP ([\w-]+): (run|prints|cloud|form|run until "([^"]+)") -->$""")]
    private static partial Regex StepMarker();

    [GeneratedRegex("^<!-- GIVEN ([\\w.-]+): ([\\w ]+) -->$")]
    private static partial Regex GivenMarker();
}
