namespace Dapr.Voice.Infra;

/// <summary>
/// What is wrong at one place. <paramref name="Rule"/> is stable: Bicep's own code (<c>BCP057</c>) or linter rule (<c>no-unused-params</c>) where there is
/// one, else ours in the same style. <paramref name="Line"/> and <paramref name="Column"/> count from 1; 0 means the file as a whole.
/// </summary>
public sealed record Finding(string Rule, Severity Severity, string File, int Line, int Column, string Message)
{
    public static Finding At(SourceSpan where, string rule, Severity severity, string message)
        => new(rule, severity, where.File, where.Line, where.Column, message);

    /// <summary>The form that editors and CI turn into a link: <c>file(line,column): error RULE: message</c>.</summary>
    public override string ToString() => $"{File}({Line},{Column}): {Severity.ToString().ToLowerInvariant()} {Rule}: {Message}";
}
