namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>One token. <paramref name="Text"/> is the name, a string's value with escapes resolved, or the characters themselves; <paramref name="Number"/> an integer's value without sign.</summary>
internal readonly record struct Token(TokenKind Kind, SourceSpan Where, string Text, ulong Number = 0);
