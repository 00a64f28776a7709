using System.Text;
using System.Text.Json;
using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Evaluation;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// main.parameters.json after azd's substitution: <c>${NAME}</c> and <c>${NAME=default}</c> inside of the text, in strings. Text that stands for a
/// bool, an integer or JSON is read as such by <see cref="Deployment.Resolve"/>, which knows the parameter's type.
/// </summary>
public sealed class ParametersFile
{
    private const int MaximumBytes = 1 << 20;

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
        List<Finding> findings = [];
        var loader = new ProgramLoader(p => File.Exists(p) ? File.ReadAllBytes(p) : null);
        string? text = loader.ReadText(path, new SourceSpan(path, 0, 0, 0, 0), MaximumBytes, findings);
        return text is null ? Empty(findings) : Parse(path, text, environment, findings);
    }

    /// <summary>As <see cref="Load"/>, from text.</summary>
    public static ParametersFile Parse(string path, string text, IReadOnlyDictionary<string, string> environment)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(environment);
        return Parse(path, text, environment, []);
    }

    private static ParametersFile Empty(List<Finding> findings) => new() { Values = new Dictionary<string, object?>(), Spans = new Dictionary<string, SourceSpan>(), Variables = [], Findings = findings };

    private static ParametersFile Parse(string path, string text, IReadOnlyDictionary<string, string> environment, List<Finding> findings)
    {
        List<string> variables = [];
        Dictionary<string, object?> values = [];
        Dictionary<string, SourceSpan> spans = [];
        void Report(SourceSpan where, string rule, string message) => findings.Add(Finding.At(where, rule, Severity.Error, message));
        try
        {
            using var document = JsonDocument.Parse(text);
            var top = document.RootElement;
            if (top.ValueKind != JsonValueKind.Object || !top.TryGetProperty("parameters", out var parameters) || parameters.ValueKind != JsonValueKind.Object)
            {
                Report(new SourceSpan(path, 1, 1, 0, 0), "parameters-file", "Expected an object with 'parameters'.");
                return Empty(findings);
            }
            foreach (string wanted in (string[])["$schema", "contentVersion"])
            {
                if (!top.TryGetProperty(wanted, out _)) Report(new SourceSpan(path, 1, 1, 0, 0), "parameters-file", $"'{wanted}' is missing.");
            }
            foreach (var parameter in parameters.EnumerateObject())
            {
                var where = Find(path, text, parameter.Name);
                if (!spans.TryAdd(parameter.Name, where)) Report(where, "parameters-file", $"Parameter '{parameter.Name}' is written twice.");
                if (parameter.Value.ValueKind != JsonValueKind.Object || (!parameter.Value.TryGetProperty("value", out _) && !parameter.Value.TryGetProperty("reference", out _)))
                {
                    Report(where, "parameters-file", $"Parameter '{parameter.Name}' needs a 'value'.");
                    continue;
                }
                if (!parameter.Value.TryGetProperty("value", out var value))
                {
                    // A Key Vault reference: known to the deployment only, and a secret.
                    values[parameter.Name] = new BicepRuntime(where, BicepTypeHint.String, $"keyVaultReference({parameter.Name})") { SecretSource = $"Key Vault reference of parameter '{parameter.Name}'" };
                    continue;
                }
                values[parameter.Name] = Substituted(where, JsonValues.From(where, value), environment, variables, Report);
            }
        }
        catch (JsonException problem)
        {
            Report(new SourceSpan(path, (int)(problem.LineNumber ?? 0) + 1, (int)(problem.BytePositionInLine ?? 0) + 1, 0, 0), "parameters-file", $"This is no JSON: {problem.Message}");
        }
        return new ParametersFile { Values = values, Spans = spans, Variables = variables, Findings = findings };
    }

    private static SourceSpan Find(string path, string text, string name)
    {
        int at = Math.Max(0, text.IndexOf($"\"{name}\"", StringComparison.Ordinal));
        int line = 1 + text.AsSpan(0, at).Count('\n');
        return new SourceSpan(path, line, at - text.LastIndexOf('\n', Math.Max(0, at - 1)), at, name.Length + 2);
    }

    private static BicepValue Substituted(SourceSpan where, BicepValue value, IReadOnlyDictionary<string, string> environment, List<string> variables, Action<SourceSpan, string, string> report) => value switch
    {
        BicepString text => text with { Value = Substituted(where, text.Value, environment, variables, report) },
        BicepArray array => array with { Items = [.. array.Items.Select(i => Substituted(where, i, environment, variables, report))] },
        BicepObject map => map with { Properties = [.. map.Properties.Select(p => p with { Value = Substituted(where, p.Value, environment, variables, report) })] },
        _ => value,
    };

    private static string Substituted(SourceSpan where, string text, IReadOnlyDictionary<string, string> environment, List<string> variables, Action<SourceSpan, string, string> report)
    {
        var result = new StringBuilder();
        int at = 0;
        while (text.IndexOf('$', at) is var dollar && dollar >= 0)
        {
            result.Append(text, at, dollar - at);
            if (dollar + 1 < text.Length && text[dollar + 1] == '$')
            {
                result.Append('$');
                at = dollar + 2;
                continue;
            }
            int close = text.IndexOf('}', dollar);
            if (dollar + 1 >= text.Length || text[dollar + 1] != '{' || close < 0)
            {
                report(where, "parameters-file", $"'{text}' has a '$' that begins no ${{NAME}}.");
                result.Append('$');
                at = dollar + 1;
                continue;
            }
            string inner = text[(dollar + 2)..close];
            // azd's substitution follows the shell: '=', ':=', '-' and ':-' all name a default.
            int end = 0;
            while (end < inner.Length && (char.IsAsciiLetterOrDigit(inner[end]) || inner[end] == '_')) end++;
            string name = inner[..end], rest = inner[end..];
            string? fallback = rest.Length == 0 ? null : rest[0] is '=' or '-' ? rest[1..] : rest.StartsWith(":=", StringComparison.Ordinal) || rest.StartsWith(":-", StringComparison.Ordinal) ? rest[2..] : null;
            if (name.Length == 0 || (rest.Length > 0 && fallback is null)) report(where, "parameters-file", $"'${{{inner}}}' is not understood: write ${{NAME}} or ${{NAME=default}}.");
            else if (!variables.Contains(name)) variables.Add(name);
            bool isSet = environment.TryGetValue(name, out string? found) && found.Length > 0;
            result.Append(isSet ? found : fallback ?? "");
            at = close + 1;
        }
        return result.Append(text, at, text.Length - at).ToString();
    }
}
