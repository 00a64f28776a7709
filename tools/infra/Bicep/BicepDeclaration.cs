namespace Dapr.Voice.Infra.Bicep;

/// <summary>A declaration as a piece of text. <paramref name="Kind"/> is its keyword, <paramref name="Where"/> all of it, decorators included.</summary>
public sealed record BicepDeclaration(string Kind, string Name, SourceSpan Where);
