namespace Dapr.Voice.Infra.Bicep;

/// <summary>One instance of a module after loops and conditions; its resources are in <see cref="Deployment.Resources"/> under the same path.</summary>
/// <param name="Path">As <see cref="ResolvedResource.ModulePath"/> of what is inside: <c>region[0]/apps</c>.</param>
/// <param name="File">The module's file.</param>
/// <param name="Name">Name of the nested deployment; null: not known before the deployment.</param>
/// <param name="Scope">As <see cref="ResolvedResource.Scope"/>.</param>
/// <param name="Parameters">Values as passed, without defaults.</param>
/// <param name="Where">The declaration's symbolic name.</param>
public sealed record ResolvedModule(
    string Symbol, string Path, string File, string? Name, string Scope, IReadOnlyDictionary<string, BicepValue> Parameters, SourceSpan Where)
{
    public IReadOnlyList<ResolvedOutput> Outputs { get; init; } = [];

    /// <summary>The condition while it can't be decided before the deployment; null: there is none or it holds.</summary>
    public BicepValue? Condition { get; init; }

    /// <summary>As <see cref="ResolvedResource.DependsOn"/>.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];
}
