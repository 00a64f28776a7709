namespace Dapr.Voice.Infra.Bicep;

/// <summary>An output of main.bicep or of a module instance. An output that holds a secret without @secure is reported by <see cref="Deployment.Resolve"/> already.</summary>
/// <param name="Type">As declared: <c>string</c>, <c>object</c>, the name of a user-defined type.</param>
/// <param name="IsSecure">Declared with @secure().</param>
/// <param name="ModulePath">As <see cref="ResolvedResource.ModulePath"/>.</param>
/// <param name="Where">The output's name.</param>
public sealed record ResolvedOutput(string Name, string Type, BicepValue Value, bool IsSecure, string ModulePath, SourceSpan Where);
