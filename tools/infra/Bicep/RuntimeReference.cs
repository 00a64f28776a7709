namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// One property of one resource that only the deployment knows: <paramref name="Resource"/> is the <see cref="ResolvedResource.Key"/>,
/// <paramref name="Path"/> the way from the resource (<c>properties.principalId</c>; a call is written <c>listKeys()</c>).
/// </summary>
public sealed record RuntimeReference(string Resource, string Path);
