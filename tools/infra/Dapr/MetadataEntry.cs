namespace Dapr.Voice.Infra.Dapr;

/// <summary>How a component gets the value of one metadata name.</summary>
internal enum MetadataSource
{
    /// <summary>Text in the file; <see cref="MetadataEntry.Value"/> is known.</summary>
    Value,

    /// <summary>Known only when it runs: an environment variable or the deployment.</summary>
    Later,

    /// <summary>A secret store or a secret of the component.</summary>
    Secret,

    /// <summary>Nothing: a name without a value.</summary>
    None,
}

/// <summary>One metadata name of a component with its place.</summary>
internal sealed record MetadataEntry(string Name, MetadataSource Source, string? Value, Place Where)
{
    /// <summary>The value as the template resolved it; null in a file.</summary>
    public Bicep.BicepValue? Resolved { get; init; }
}
