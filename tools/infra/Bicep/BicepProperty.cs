namespace Dapr.Voice.Infra.Bicep;

/// <summary>One property of an object; <paramref name="Where"/> is its key.</summary>
public sealed record BicepProperty(string Name, BicepValue Value, SourceSpan Where);
