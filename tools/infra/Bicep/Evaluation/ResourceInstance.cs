using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>One resource of one file instance, one per round of a loop. What others ask of it is evaluated when first asked.</summary>
internal sealed class ResourceInstance(ModuleInstance module, Declaration.Resource declaration, string key, int? index, Frame frame, ResourceInstance? container)
{
    public ModuleInstance Module => module;

    public Declaration.Resource Declaration => declaration;

    public string Key => key;

    public int? Index => index;

    public Frame Frame => frame;

    /// <summary>The resource whose body this one is declared in.</summary>
    public ResourceInstance? Container => container;

    public EvaluationState State { get; set; }

    /// <summary>False: known not to be deployed.</summary>
    public bool IsDeployed { get; set; } = true;

    public BicepValue? Condition { get; set; }

    public BicepValue Name { get; set; } = SymbolValue.Broken(declaration.NameWhere);

    public ResourceInstance? Parent { get; set; }

    public ResourceInstance? ScopeResource { get; set; }

    public DeploymentScope Scope { get; set; } = module.Scope;

    public string Type { get; set; } = "";

    public string ApiVersion { get; set; } = "";

    public string? Id { get; set; }

    public BicepValue FullName { get; set; } = SymbolValue.Broken(declaration.NameWhere);

    /// <summary>What name, parent, scope and condition need: for an existing resource, all it needs.</summary>
    public Dependencies Needs { get; } = new();
}
