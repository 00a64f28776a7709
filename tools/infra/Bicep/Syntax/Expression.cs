namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>
/// The expressions of the language. <paramref name="Depth"/> is the longest way down: the parser bounds it, so everything that walks a tree may recurse.
/// Nodes are compared by reference wherever they are keys.
/// </summary>
internal abstract record Expression(SourceSpan Where, int Depth)
{
    private static int Below(IEnumerable<Expression> children) => 1 + children.Select(c => c.Depth).DefaultIfEmpty(0).Max();

    /// <summary>What was left of text that could not be read; reported already.</summary>
    public sealed record Skipped(SourceSpan Where) : Expression(Where, 1);

    /// <summary>Segments around holes: one more segment than holes.</summary>
    public sealed record String(SourceSpan Where, IReadOnlyList<string> Segments, IReadOnlyList<Expression> Holes) : Expression(Where, Below(Holes))
    {
        /// <summary>The value when there are no holes.</summary>
        public string? Literal => Holes.Count == 0 ? Segments[0] : null;
    }

    public sealed record Integer(SourceSpan Where, long Value) : Expression(Where, 1);

    public sealed record Boolean(SourceSpan Where, bool Value) : Expression(Where, 1);

    public sealed record Null(SourceSpan Where) : Expression(Where, 1);

    public sealed record Name(SourceSpan Where, string Text) : Expression(Where, 1);

    public sealed record Unary(SourceSpan Where, TokenKind Operator, Expression Operand) : Expression(Where, 1 + Operand.Depth);

    public sealed record Binary(SourceSpan Where, TokenKind Operator, SourceSpan OperatorWhere, Expression Left, Expression Right) : Expression(Where, 1 + Math.Max(Left.Depth, Right.Depth));

    public sealed record Ternary(SourceSpan Where, Expression Condition, Expression True, Expression False) : Expression(Where, Below([Condition, True, False]));

    public sealed record Parenthesized(SourceSpan Where, Expression Inner) : Expression(Where, 1 + Inner.Depth);

    /// <summary><c>target.name</c> or <c>target.?name</c>.</summary>
    public sealed record Property(SourceSpan Where, Expression Target, string Member, SourceSpan MemberWhere, bool IsSafe) : Expression(Where, 1 + Target.Depth);

    /// <summary><c>target[at]</c>, <c>target[?at]</c>, <c>target[^at]</c>.</summary>
    public sealed record Indexed(SourceSpan Where, Expression Target, Expression At, bool IsSafe, bool FromEnd) : Expression(Where, 1 + Math.Max(Target.Depth, At.Depth));

    /// <summary><c>parent::child</c>, a nested resource from outside.</summary>
    public sealed record Nested(SourceSpan Where, Expression Target, string Member, SourceSpan MemberWhere) : Expression(Where, 1 + Target.Depth);

    /// <summary><c>target!</c></summary>
    public sealed record NonNull(SourceSpan Where, Expression Target) : Expression(Where, 1 + Target.Depth);

    /// <summary><c>function(…)</c>, or <c>target.function(…)</c>.</summary>
    public sealed record Call(SourceSpan Where, Expression? Target, string Function, SourceSpan FunctionWhere, IReadOnlyList<Expression> Arguments)
        : Expression(Where, Math.Max(Below(Arguments), 1 + (Target?.Depth ?? 0)));

    public sealed record Lambda(SourceSpan Where, IReadOnlyList<(string Name, SourceSpan Where)> Parameters, Expression Body) : Expression(Where, 1 + Body.Depth);

    public sealed record Array(SourceSpan Where, IReadOnlyList<Expression> Items) : Expression(Where, Below(Items));

    /// <summary><c>...value</c> inside of an array or object.</summary>
    public sealed record Spread(SourceSpan Where, Expression Value) : Expression(Where, 1 + Value.Depth);

    /// <summary>A property's key: a string (a bare name is one without holes), or null for a spread, whose value is a <see cref="Spread"/>.</summary>
    public sealed record ObjectProperty(SourceSpan Where, String? Key, bool IsQuoted, Expression Value)
    {
        public string? Name => Key?.Literal;
    }

    /// <summary>Nested resource declarations are only read in the body of a resource.</summary>
    public sealed record Object(SourceSpan Where, IReadOnlyList<ObjectProperty> Properties, IReadOnlyList<Declaration.Resource> Resources)
        : Expression(Where, 1 + Math.Max(
            Properties.Select(p => Math.Max(p.Value.Depth, p.Key?.Depth ?? 0)).DefaultIfEmpty(0).Max(),
            Resources.Select(r => r.Value.Depth).DefaultIfEmpty(0).Max()))
    {
        public ObjectProperty? Find(string name) => Properties.FirstOrDefault(p => p.Name == name);
    }

    /// <summary><c>[for item in source: body]</c>, with an index <c>[for (item, index) in source: body]</c>.</summary>
    public sealed record For(SourceSpan Where, SourceSpan Keyword, (string Name, SourceSpan Where) Item, (string Name, SourceSpan Where)? Index, Expression Source, Expression Body)
        : Expression(Where, 1 + Math.Max(Source.Depth, Body.Depth));

    /// <summary><c>if (condition) { … }</c>, the body of a resource or module.</summary>
    public sealed record If(SourceSpan Where, Expression Condition, Expression Body) : Expression(Where, 1 + Math.Max(Condition.Depth, Body.Depth));
}
