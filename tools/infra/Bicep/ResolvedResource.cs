namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// One resource that the deployment makes (or, with <paramref name="IsExisting"/>, reads), after loops, conditions and modules are expanded.
/// A resource whose condition is known to be false is not listed.
/// </summary>
/// <param name="Symbol">The symbolic name in its file.</param>
/// <param name="Type">Full type without version, <c>Microsoft.App/containerApps</c>; a child's is <c>parent/child</c>.</param>
/// <param name="Name">Full name, a child's with its parents' (<c>account/default/sessions</c>); null: not known before the deployment (see <see cref="NameValue"/>).</param>
/// <param name="Scope">Where the deployment runs that makes it: <c>tenant</c>, <c>mg:NAME</c>, <c>sub</c>, <c>rg:NAME</c> (<c>rg:?</c> where the name is not known). <c>sub:ID</c> and <c>rg:NAME@ID</c> name another subscription.</param>
/// <param name="ModulePath">Symbols of the modules above it, loop indexes in brackets: <c>region[0]/apps</c>; empty in main.bicep.</param>
/// <param name="Body">Every property as written, <c>name</c> included (a child's is the last segment), without the language's own <c>parent</c>, <c>scope</c> and <c>dependsOn</c>. Properties that are null are kept.</param>
/// <param name="Where">The declaration's symbolic name.</param>
public sealed record ResolvedResource(
    string Symbol, string Type, string ApiVersion, string? Name, string Scope, string ModulePath, bool IsExisting, BicepObject Body, SourceSpan Where)
{
    /// <summary>Unique in the deployment and stable: <c>region[0]/apps:shard[2]</c>; used by <see cref="RuntimeReference"/> and <see cref="DependsOn"/>.</summary>
    public required string Key { get; init; }

    /// <summary>Name as a value: where it was written, and its runtime parts if it is not known.</summary>
    public required BicepValue NameValue { get; init; }

    /// <summary>The resource id with stand-ins for the subscription, null while name or scope are not known. Equal to what <c>symbol.id</c> gives inside the deployment.</summary>
    public string? Id { get; init; }

    /// <summary>Index in its loop, null outside of one.</summary>
    public int? Index { get; init; }

    /// <summary>Key of the parent (<c>parent:</c> or a nested declaration), null: none, or named by segments only.</summary>
    public string? Parent { get; init; }

    /// <summary>Key of the resource that <c>scope:</c> names, for an extension resource such as a role assignment; null: none.</summary>
    public string? ScopeResource { get; init; }

    /// <summary>The condition while it can't be decided before the deployment; null: there is none or it holds.</summary>
    public BicepValue? Condition { get; init; }

    /// <summary>Keys of resources and paths of modules (<c>module:region[0]</c>) that come first: explicit and by reference, no duplicates, in order of appearance.</summary>
    public IReadOnlyList<string> DependsOn { get; init; } = [];
}
