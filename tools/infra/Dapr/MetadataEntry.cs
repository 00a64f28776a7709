namespace Dapr.Voice.Infra.Dapr;

/// <summary>How a component gets the value of one metadata name.</summary>
internal enum MetadataSource
{
    /// <summary>From text in the file. <see cref="MetadataEntry.Value"/> is known.</summary>
    Value,

    /// <summary>From an environment variable or the deployment, so it is known only when the component runs.</summary>
    Later,

    /// <summary>From a secret store or a secret of the component.</summary>
    Secret,

    /// <summary>From nothing: the name has no value.</summary>
    None,
}

/// <summary>One metadata name of a component with its place.</summary>
internal sealed record MetadataEntry(string Name, MetadataSource Source, string? Value, Place Where)
{
    /// <summary>The value as the template resolved it. Null in a file.</summary>
    public Bicep.BicepValue? Resolved { get; init; }
}
