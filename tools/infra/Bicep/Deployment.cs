using System.Globalization;
using System.Text.Json;
using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Evaluation;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>What a program with its parameters would deploy: every module, loop and condition expanded, values evaluated as far as they are known before the deployment.</summary>
public sealed class Deployment
{
    private Deployment()
    {
    }

    /// <summary>In order of declaration, a module's resources at the place of the module.</summary>
    public required IReadOnlyList<ResolvedResource> Resources { get; init; }

    public required IReadOnlyList<ResolvedModule> Modules { get; init; }

    /// <summary>Outputs of main.bicep; those of modules are in <see cref="ResolvedModule.Outputs"/>.</summary>
    public required IReadOnlyList<ResolvedOutput> Outputs { get; init; }

    /// <summary>What evaluation found, beside <see cref="BicepProgram.Findings"/>, which are not repeated here.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>
    /// Evaluates main.bicep. Values may be strings, integers, booleans, null, lists, dictionaries with string keys, <see cref="System.Text.Json.JsonElement"/>
    /// and <see cref="BicepValue"/>. Others are an <see cref="ArgumentException"/>. A parameter without value and default is a finding and counts as a runtime value of its type. Never throws on what files say.
    /// </summary>
    public static Deployment Resolve(BicepProgram program, IReadOnlyDictionary<string, object?> parameters)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(parameters);
        if (program.Main is not { } file) return new Deployment { Resources = [], Modules = [], Outputs = [], Findings = [] };
        var evaluator = new Evaluator(program.Loader);
        var expander = new Expander(evaluator);
        var main = new ModuleInstance(file, "", new DeploymentScope(file.Scope, null, null), new BicepString(SourceSpan.None, "main"));
        foreach (var (name, value) in parameters)
        {
            if (file.Parameters.All(p => p.Name != name))
            {
                evaluator.Report(new SourceSpan(file.Path, 0, 0, 0, 0), "BCP259", $"There is no parameter '{name}' in '{file.Path}'.{Suggest.Text(name, file.Parameters.Select(p => p.Name))}");
                continue;
            }
            main.Given[name] = Typed(JsonValues.From(SourceSpan.None, value), file.Types.Of(file.Parameters.First(p => p.Name == name)).Hint);
        }
        expander.Run(main);
        // What the checker says of a place already, evaluation need not say again.
        var said = program.Findings.Where(f => f.Severity == Severity.Error).Select(f => (f.File, f.Line, f.Column)).ToHashSet();
        return new Deployment
        {
            Resources = main.DoneResources,
            Modules = main.DoneModules,
            Outputs = main.Outputs,
            Findings = [.. evaluator.Findings.Where(f => !said.Contains((f.File, f.Line, f.Column)))],
        };
    }

    /// <summary>azd substitutes text and then sends what the parameter is declared as: <c>"${EXISTS=false}"</c> is the value of a bool.</summary>
    private static BicepValue Typed(BicepValue value, BicepTypeHint hint)
    {
        if (value is not BicepString text) return value;
        switch (hint)
        {
            case BicepTypeHint.Boolean when bool.TryParse(text.Value, out bool truth):
                return new BicepBoolean(value.Where, truth);
            case BicepTypeHint.Integer when long.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number):
                return new BicepInteger(value.Where, number);
            case BicepTypeHint.Array or BicepTypeHint.Object:
                try
                {
                    using var document = JsonDocument.Parse(text.Value);
                    return document.RootElement.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? JsonValues.From(value.Where, document.RootElement) : value;
                }
                catch (JsonException)
                {
                    return value;
                }
            default:
                return value;
        }
    }
}
