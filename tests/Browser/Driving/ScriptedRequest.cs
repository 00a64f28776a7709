namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A request that a scripted API got. The key is what followed <c>Bearer</c>.</summary>
public sealed record ScriptedRequest(string Method, string Path, string? Key, string? ContentType);
