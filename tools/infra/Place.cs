namespace Dapr.Voice.Infra;

/// <summary>
/// A place in a file or in a deployment. In a file it is a line and a column, which count from 1. In a deployment it is a resource and a
/// path in the resource's body. <paramref name="File"/> is then the resource id, <paramref name="Path"/> is for example
/// <c>properties.template.containers[0].image</c>, and line and column are 0.
/// </summary>
public readonly record struct Place(string File, int Line, int Column, string? Path = null)
{
    /// <summary>False for the value <c>default</c>, which names no file and no resource.</summary>
    public bool IsKnown => File is { Length: > 0 };

    /// <summary>Returns the place of the property of that name below this place.</summary>
    internal Place Property(string name) => this with { Path = Path is { Length: > 0 } ? $"{Path}.{name}" : name };

    /// <summary>Returns the place of a list's item below this place.</summary>
    internal Place Item(int index) => this with { Path = $"{Path}[{index}]" };
}
