namespace Dapr.Voice.Infra.Bicep;

/// <summary>One resource that the deployment creates, after the compiler has expanded modules, loops and conditions.</summary>
/// <param name="Id">The resource id. If only the deployment knows the name, it is the expression that makes the id.</param>
/// <param name="Type">The full type without the version, <c>Microsoft.App/containerApps</c>. A child has <c>parent/child</c>.</param>
/// <param name="Name">The full name, with the names of the parents for a child (<c>account/default/sessions</c>). Null if only the
/// deployment knows it.</param>
/// <param name="Body">Every property, including <c>name</c>, which is the last segment for a child.</param>
public sealed record ResolvedResource(string Id, string Type, string ApiVersion, string? Name, BicepObject Body)
{
    /// <summary>The resource as a whole.</summary>
    public Place Where => Body.Where;

    /// <summary>The last segment of the name, or <c>?</c>. It is used in messages.</summary>
    public string ShortName => Name?.Split('/')[^1] ?? "?";

    /// <summary>The id of the resource group or subscription of the deployment that creates the resource.</summary>
    public required string Scope { get; init; }

    /// <summary>The name as a value.</summary>
    public required BicepValue NameValue { get; init; }

    /// <summary>The id of the parent of a child. Null if there is no parent.</summary>
    public string? Parent { get; init; }

    /// <summary>
    /// The id of the resource that an extension resource, such as a role assignment, belongs to. Null if it belongs to its resource group.
    /// </summary>
    public string? ScopeResource { get; init; }

    /// <summary>The condition, if only the deployment can decide it. Null if there is none or if it is true.</summary>
    public string? Condition { get; init; }
}
