namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>One parsed file.</summary>
internal sealed record SourceFile(string Path, string Text, IReadOnlyList<Declaration> Declarations, IReadOnlyList<Suppression> Suppressions, IReadOnlyList<Finding> Findings)
{
    public static SourceFile Parse(string path, string text)
    {
        List<Finding> findings = [];
        var tokens = Lexer.Read(path, text, findings, out var suppressions);
        var declarations = Parser.Read(tokens, findings);
        return new SourceFile(path, text, declarations, suppressions, findings);
    }

    public bool IsSuppressed(Finding finding)
        => finding.Severity != Severity.Error
            && Suppressions.Any(s => finding.Line >= s.FromLine && finding.Line <= s.ToLine && string.Equals(s.Rule, finding.Rule, StringComparison.OrdinalIgnoreCase));
}
