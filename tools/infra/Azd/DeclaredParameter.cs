namespace Dapr.Voice.Infra.Azd;

/// <summary>A parameter that main.bicep declares.</summary>
internal sealed record DeclaredParameter(string Name, bool HasDefault, SourceSpan Where);
