namespace Dapr.Voice.Infra;

/// <summary>
/// Where something is written. In a file it is a line and a column, which count from 1. In a deployment it is a resource and a path in its
/// body: <paramref name="File"/> is then the resource id, <paramref name="Path"/> is for example
/// <c>properties.template.containers[0].image</c>, and line and column are 0.
/// </summary>
public readonly record struct Place(string File, int Line, int Column, string? Path = null)
{
    /// <summary>False for the value <c>default</c>, which names no file and no resource.</summary>
    public bool IsKnown => File is { Length: > 0 };

    /// <summary>The property of that name below this one.</summary>
    internal Place Property(string name) => this with { Path = Path is { Length: > 0 } ? $"{Path}.{name}" : name };

    /// <summary>The item of a list below this one.</summary>
    internal Place Item(int index) => this with { Path = $"{Path}[{index}]" };
}
