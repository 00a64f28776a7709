namespace Dapr.Voice.Infra;

/// <summary>
/// A problem at one place. <paramref name="Rule"/> is stable. It is the compiler's own code (<c>BCP057</c>) or linter rule
/// (<c>no-unused-params</c>) if the compiler reports the problem, or else one of <see cref="RuleIds"/>. <paramref name="Line"/> and
/// <paramref name="Column"/> count from 1, and 0 means the file as a whole. A finding on a resource has the resource's id in <paramref
/// name="File"/> and the property in <see cref="Path"/>.
/// </summary>
public sealed record Finding(string Rule, Severity Severity, string File, int Line, int Column, string Message)
{
    /// <summary>
    /// The property of the resource, for example <c>properties.configuration.ingress.targetPort</c>. Null for a finding in a file.
    /// </summary>
    public string? Path { get; init; }

    public static Finding At(Place where, string rule, Severity severity, string message)
        => new(rule, severity, where.File ?? "", where.Line, where.Column, message) { Path = where.Path };

    /// <summary>
    /// For a file, returns the form that editors and CI turn into a link: <c>file(line,column): error RULE: message</c>. For a resource:
    /// <c>id: path: error RULE: message</c>.
    /// </summary>
    public override string ToString()
        => $"{File}{(Path is null ? $"({Line},{Column})" : Path.Length > 0 ? $": {Path}"
        : "")}: {Severity.ToString().ToLowerInvariant()} {Rule}: {Message}";
}
