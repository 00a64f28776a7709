namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>One line of the acceptance: a figure of a drill and the highest value with which the drill passes.</summary>
/// <param name="Figure">What is measured, with its unit.</param>
/// <param name="Source">Where the limit is promised.</param>
/// <param name="Of">The figure. Null if it could not be measured, which does not pass.</param>
internal sealed record Bar(string Figure, double Limit, string Source, Func<Findings, double?> Of)
{
    /// <summary>The bar is about the page, and does not count where there is none.</summary>
    public bool IsOfThePage { get; init; }

    public bool IsMet(Findings findings) => Of(findings) is { } value && value <= Limit;
}

/// <summary>A bar and what was measured.</summary>
internal sealed record Judgement(string Figure, double Limit, string Source, double? Measured, bool IsMet);
