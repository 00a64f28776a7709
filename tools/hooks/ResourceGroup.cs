namespace Dapr.Voice.Hooks;

/// <summary>A resource group of the subscription.</summary>
/// <param name="Environment">The environment whose deployment made it (tag <c>voice-environment</c>), or null.</param>
/// <param name="AzdEnvironment">The environment whose apps azd looks for in it (tag <c>azd-env-name</c>), or null.</param>
internal sealed record ResourceGroup(string Name, string? Environment, string? AzdEnvironment);
