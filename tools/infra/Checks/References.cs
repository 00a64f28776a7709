using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.Checks;

/// <summary>Which resource a value refers to: by its id, by its name, or by a property that only the deployment knows.</summary>
internal static class References
{
    /// <summary>The value is the resource's id.</summary>
    public static bool IsIdOf(this BicepValue? value, ResolvedResource resource) => value switch
    {
        BicepString s => Same(resource.Id, s.Value),
        BicepRuntime r => r.References.Any(x => Same(x.Resource, resource.Id) && x.Path == "id"),
        _ => false,
    };

    /// <summary>The value is the resource's name or host name (<c>name.servicebus.windows.net</c>), or is read from the resource.</summary>
    public static bool Names(this BicepValue? value, ResolvedResource resource) => value switch
    {
        BicepString s => resource.Name is { } name && (s.Value == name || s.Value.StartsWith(name + ".", StringComparison.Ordinal)),
        BicepRuntime r => resource.NameValue.SameAs(r) || r.References.Any(x => Same(x.Resource, resource.Id))
            || (r.Parts.Count > 0 && r.Parts[0].SameAs(resource.NameValue)),
        _ => false,
    };

    /// <summary>The value is that property of the resource.</summary>
    public static bool IsRead(this BicepValue? value, ResolvedResource resource, string path)
        => value is BicepRuntime r && r.References.Any(
        x => Same(x.Resource, resource.Id) && string.Equals(x.Path, path, StringComparison.OrdinalIgnoreCase));

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
