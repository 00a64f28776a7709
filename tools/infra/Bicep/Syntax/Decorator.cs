namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary><c>@name(arguments)</c>; <paramref name="Namespace"/> is <c>sys</c> or <c>az</c> where written.</summary>
internal sealed record Decorator(SourceSpan Where, string? Namespace, string Name, IReadOnlyList<Expression> Arguments);
