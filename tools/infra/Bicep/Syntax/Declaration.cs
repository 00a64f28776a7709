namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary>A statement of a file. <paramref name="Where"/> spans all of it with its decorators; <see cref="NameWhere"/> is the name alone.</summary>
internal abstract record Declaration(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere)
{
    public sealed record TargetScope(SourceSpan Where, IReadOnlyList<Decorator> Decorators, Expression Value) : Declaration(Where, Decorators, "targetScope", Where);

    public sealed record Metadata(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, Expression Value) : Declaration(Where, Decorators, Name, NameWhere);

    public sealed record Parameter(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, TypeExpression Type, Expression? Default) : Declaration(Where, Decorators, Name, NameWhere);

    public sealed record Variable(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, TypeExpression? Type, Expression Value) : Declaration(Where, Decorators, Name, NameWhere);

    /// <summary><paramref name="Value"/> is an object, an if or a for; <see cref="BodyOf"/> looks through both.</summary>
    public sealed record Resource(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, Expression.String Type, bool IsExisting, Expression Value) : Declaration(Where, Decorators, Name, NameWhere);

    /// <inheritdoc cref="Resource"/>
    public sealed record Module(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, Expression.String Path, Expression Value) : Declaration(Where, Decorators, Name, NameWhere);

    public sealed record Output(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, TypeExpression Type, Expression Value) : Declaration(Where, Decorators, Name, NameWhere);

    public sealed record TypeAlias(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, TypeExpression Value) : Declaration(Where, Decorators, Name, NameWhere);

    public sealed record Function(
        SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere,
        IReadOnlyList<(string Name, SourceSpan Where, TypeExpression Type)> Parameters, TypeExpression Returns, Expression Body) : Declaration(Where, Decorators, Name, NameWhere);

    /// <summary><c>import { a, b as c } from 'file'</c> or <c>import * as n from 'file'</c> (then <paramref name="Name"/> is n and there are no items).</summary>
    public sealed record Import(SourceSpan Where, IReadOnlyList<Decorator> Decorators, string Name, SourceSpan NameWhere, IReadOnlyList<(string Original, string Alias, SourceSpan Where)> Items, Expression.String Path) : Declaration(Where, Decorators, Name, NameWhere);

    /// <summary>The loop, the condition and the object of a resource's or module's value; the object is null where the text could not be read.</summary>
    public static (Expression.For? Loop, Expression? Condition, Expression.Object? Body) BodyOf(Expression value)
    {
        var loop = value as Expression.For;
        Expression inner = loop?.Body ?? value;
        var condition = inner as Expression.If;
        return (loop, condition?.Condition, (condition?.Body ?? inner) as Expression.Object);
    }
}
