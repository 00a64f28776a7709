using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>One use of a module, one per round of a loop; <see cref="Instance"/> is the file with this use's parameters, run when first needed.</summary>
internal sealed class ModuleCall(Declaration.Module declaration, string path, Frame frame)
{
    public Declaration.Module Declaration => declaration;

    public string Path => path;

    public Frame Frame => frame;

    public EvaluationState State { get; set; }

    public bool IsDeployed { get; set; } = true;

    public BicepValue? Condition { get; set; }

    public BicepValue Name { get; set; } = SymbolValue.Broken(declaration.NameWhere);

    public DeploymentScope? Scope { get; set; }

    public Dictionary<string, BicepValue> Parameters { get; } = new(StringComparer.Ordinal);

    public ModuleInstance? Instance { get; set; }

    public Dependencies Needs { get; } = new();
}
