namespace Dapr.Voice.Infra.Bicep;

/// <summary>An output of main.bicep.</summary>
public sealed record ResolvedOutput(string Name, BicepValue Value);
