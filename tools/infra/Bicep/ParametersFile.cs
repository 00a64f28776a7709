namespace Dapr.Voice.Infra.Bicep;

/// <summary>main.parameters.json after azd's substitution: <c>${NAME}</c> and <c>${NAME=default}</c> inside of strings.</summary>
public sealed class ParametersFile
{
    private ParametersFile()
    {
    }

    /// <summary>For <see cref="Deployment.Resolve"/>.</summary>
    public required IReadOnlyDictionary<string, object?> Values { get; init; }

    /// <summary>Where each parameter is written.</summary>
    public required IReadOnlyDictionary<string, SourceSpan> Spans { get; init; }

    /// <summary>Every variable the file names, in order, each once.</summary>
    public required IReadOnlyList<string> Variables { get; init; }

    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>A variable that is not in <paramref name="environment"/> and has no default is the empty string, as azd has it.</summary>
    public static ParametersFile Load(string path, IReadOnlyDictionary<string, string> environment)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(environment);
        return new ParametersFile { Values = new Dictionary<string, object?>(), Spans = new Dictionary<string, SourceSpan>(), Variables = [], Findings = [] };
    }
}
