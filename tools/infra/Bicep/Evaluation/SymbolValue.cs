using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>What names stand for during evaluation and no template can hold. <see cref="Evaluator.Plain"/> turns them into ordinary values before anyone outside sees them.</summary>
internal abstract record SymbolValue(SourceSpan Where) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Any;

    public override bool IsKnown => false;

    public override bool SameAs(BicepValue other) => ReferenceEquals(this, other);

    public sealed record OfResource(SourceSpan Where, ResourceInstance Instance) : SymbolValue(Where)
    {
        public override bool SameAs(BicepValue other) => other is OfResource that && that.Instance == Instance;
    }

    public sealed record OfResources(SourceSpan Where, IReadOnlyList<ResourceInstance> Instances) : SymbolValue(Where);

    public sealed record OfModule(SourceSpan Where, ModuleCall Call) : SymbolValue(Where)
    {
        public override bool SameAs(BicepValue other) => other is OfModule that && that.Call == Call;
    }

    public sealed record OfModules(SourceSpan Where, IReadOnlyList<ModuleCall> Calls) : SymbolValue(Where);

    /// <summary><c>module.outputs</c></summary>
    public sealed record OutputsOf(SourceSpan Where, ModuleCall Call) : SymbolValue(Where);

    public sealed record OfScope(SourceSpan Where, DeploymentScope Scope, BicepObject Properties) : SymbolValue(Where);

    public sealed record OfLambda(SourceSpan Where, Expression.Lambda Lambda, Frame Frame) : SymbolValue(Where);

    /// <summary><c>import * as name</c></summary>
    public sealed record OfImport(SourceSpan Where, FileModel File) : SymbolValue(Where);

    /// <summary>Where a symbol without a value was used: reported already, it fits everywhere.</summary>
    public static BicepRuntime Broken(SourceSpan where) => new(where, BicepTypeHint.Any, "?");
}
