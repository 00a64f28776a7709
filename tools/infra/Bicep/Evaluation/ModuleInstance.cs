using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>A file with values for its parameters: main.bicep, or one use of a module.</summary>
internal sealed class ModuleInstance(FileModel file, string path, DeploymentScope scope, BicepValue deploymentName)
{
    public FileModel File => file;

    /// <summary>As <see cref="ResolvedModule.Path"/>.</summary>
    public string Path => path;

    public DeploymentScope Scope => scope;

    public BicepValue DeploymentName => deploymentName;

    /// <summary>Values from outside, as passed.</summary>
    public Dictionary<string, BicepValue> Given { get; } = new(StringComparer.Ordinal);

    public Dictionary<Declaration, (BicepValue Value, Dependencies Needs)> Values { get; } = new(ReferenceEqualityComparer.Instance);

    public HashSet<Declaration> Open { get; } = new(ReferenceEqualityComparer.Instance);

    public Dictionary<Declaration.Resource, IReadOnlyList<ResourceInstance>> Resources { get; } = new(ReferenceEqualityComparer.Instance);

    public Dictionary<Declaration.Module, IReadOnlyList<ModuleCall>> Modules { get; } = new(ReferenceEqualityComparer.Instance);

    public EvaluationState State { get; set; }

    // What a run leaves, in order of declaration.
    public List<ResolvedResource> DoneResources { get; } = [];

    public List<ResolvedModule> DoneModules { get; } = [];

    public List<ResolvedOutput> Outputs { get; } = [];

    public Frame Root => new(this, null, null, null);

    /// <summary>Prefix of keys in this file instance.</summary>
    public string KeyOf(string symbol) => path.Length == 0 ? symbol : $"{path}:{symbol}";

    public string PathOf(string module) => path.Length == 0 ? module : $"{path}/{module}";
}
