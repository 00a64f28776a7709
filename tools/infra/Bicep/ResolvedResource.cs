namespace Dapr.Voice.Infra.Bicep;

/// <summary>One resource that the deployment makes, after the compiler expanded modules, loops and conditions.</summary>
/// <param name="Id">The resource id; for one whose name only the deployment knows, the expression that makes it.</param>
/// <param name="Type">Full type without version, <c>Microsoft.App/containerApps</c>; a child's is <c>parent/child</c>.</param>
/// <param name="Name">Full name, a child's with its parents' (<c>account/default/sessions</c>); null: only the deployment knows it.</param>
/// <param name="Body">Every property, <c>name</c> included, which is a child's last segment.</param>
public sealed record ResolvedResource(string Id, string Type, string ApiVersion, string? Name, BicepObject Body)
{
    /// <summary>The resource as a whole.</summary>
    public Place Where => Body.Where;

    /// <summary>The last segment of the name, or <c>?</c>: for messages.</summary>
    public string ShortName => Name?.Split('/')[^1] ?? "?";

    /// <summary>The resource id up to and with the resource group, or the subscription: where the deployment runs that makes it.</summary>
    public required string Scope { get; init; }

    /// <summary>The name as a value.</summary>
    public required BicepValue NameValue { get; init; }

    /// <summary>Id of the parent, for a child; null: it has none.</summary>
    public string? Parent { get; init; }

    /// <summary>Id of the resource that an extension resource such as a role assignment is on; null: it is on its group.</summary>
    public string? ScopeResource { get; init; }

    /// <summary>The condition, where only the deployment can decide it; null: there is none or it holds.</summary>
    public string? Condition { get; init; }
}
