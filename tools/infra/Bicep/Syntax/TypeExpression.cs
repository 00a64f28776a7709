namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>A type as written behind a parameter, output or <c>type X =</c>.</summary>
internal abstract record TypeExpression(SourceSpan Where)
{
    public sealed record Skipped(SourceSpan Where) : TypeExpression(Where);

    /// <summary>A name, of the language or of a <c>type</c> declaration.</summary>
    public sealed record Named(SourceSpan Where, string Name) : TypeExpression(Where);

    /// <summary>A literal string, integer, boolean or null.</summary>
    public sealed record Literal(SourceSpan Where, Expression Value) : TypeExpression(Where);

    public sealed record Array(SourceSpan Where, TypeExpression Item) : TypeExpression(Where);

    public sealed record Tuple(SourceSpan Where, IReadOnlyList<(IReadOnlyList<Decorator> Decorators, TypeExpression Type)> Items) : TypeExpression(Where);

    public sealed record Member(string Name, SourceSpan Where, IReadOnlyList<Decorator> Decorators, TypeExpression Type);

    /// <summary><paramref name="Additional"/> is the type behind <c>*:</c>.</summary>
    public sealed record Object(SourceSpan Where, IReadOnlyList<Member> Members, TypeExpression? Additional) : TypeExpression(Where);

    public sealed record Union(SourceSpan Where, IReadOnlyList<TypeExpression> Members) : TypeExpression(Where);

    public sealed record Nullable(SourceSpan Where, TypeExpression Inner) : TypeExpression(Where);

    public sealed record NonNull(SourceSpan Where, TypeExpression Inner) : TypeExpression(Where);

    /// <summary><c>type.property</c></summary>
    public sealed record Property(SourceSpan Where, TypeExpression Target, string Name, SourceSpan NameWhere) : TypeExpression(Where);

    /// <summary><c>type[*]</c>, the items of an array type; <c>type.*</c>, the additional properties of an object type.</summary>
    public sealed record ItemsOf(SourceSpan Where, TypeExpression Target) : TypeExpression(Where);
}
