using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>Type expressions of one file to types. Says nothing about errors: <see cref="TypeChecker"/> reports them once, this may run any number of times.</summary>
internal sealed class TypeResolver(FileModel file)
{
    public static readonly IReadOnlyDictionary<string, BicepType> Primitives = new Dictionary<string, BicepType>
    {
        ["string"] = BicepType.Text,
        ["int"] = BicepType.Number,
        ["bool"] = BicepType.Truth,
        ["array"] = BicepType.List,
        ["object"] = BicepType.Map,
        ["any"] = BicepType.Anything,
    };

    private readonly Dictionary<string, BicepType> _declared = [];
    private int _depth;

    public BicepType Of(Declaration.Parameter parameter)
    {
        var type = Decorated(Of(parameter.Type), parameter.Decorators);
        if (type is BicepType.String { Literal: null } text) return text with { IsLoose = true };
        return type;
    }

    public BicepType Of(Declaration.Output output) => Decorated(Of(output.Type), output.Decorators);

    public BicepType Of(Declaration.TypeAlias alias)
    {
        if (_declared.TryGetValue(alias.Name, out var known)) return known;
        // Found while it is being resolved, it stands for itself by name.
        _declared[alias.Name] = new BicepType.Named(alias.Name, () => _declared[alias.Name]);
        var type = Decorated(Of(alias.Value), alias.Decorators);
        if (type is BicepType.Object { Name: null } shape) type = shape with { Name = alias.Name };
        return _declared[alias.Name] = type is BicepType.Named self && self.Name == alias.Name ? BicepType.Anything : type;
    }

    public BicepType Of(TypeExpression expression)
    {
        if (_depth > Parser.MaximumDepth) return BicepType.Anything;
        _depth++;
        try
        {
            return Resolve(expression);
        }
        finally
        {
            _depth--;
        }
    }

    private BicepType Resolve(TypeExpression expression)
    {
        switch (expression)
        {
            case TypeExpression.Named named:
                if (file.Symbols.TryGetValue(named.Name, out var local) && local is Declaration.TypeAlias alias) return Of(alias);
                if (file.Imported(named.Name) is { Declaration: Declaration.TypeAlias imported } import) return import.File.Types.Of(imported);
                return Primitives.GetValueOrDefault(named.Name, BicepType.Anything);
            case TypeExpression.Literal { Value: Expression.String { Literal: { } text } }: return new BicepType.String(text);
            case TypeExpression.Literal { Value: Expression.Integer number }: return new BicepType.Integer(number.Value);
            case TypeExpression.Literal { Value: Expression.Boolean truth }: return new BicepType.Boolean(truth.Value);
            case TypeExpression.Literal { Value: Expression.Null }: return BicepType.Nothing;
            case TypeExpression.Array array: return new BicepType.Array(Of(array.Item));
            case TypeExpression.Tuple tuple: return new BicepType.Tuple([.. tuple.Items.Select(i => Decorated(Of(i.Type), i.Decorators))]);
            case TypeExpression.Object shape:
                return new BicepType.Object(null, [.. shape.Members.Select(m => new BicepType.Member(m.Name, Decorated(Of(m.Type), m.Decorators)))], shape.Additional is null ? null : Of(shape.Additional));
            case TypeExpression.Union union: return BicepType.UnionOf(union.Members.Select(Of));
            case TypeExpression.Nullable nullable: return Of(nullable.Inner).OrNull;
            case TypeExpression.NonNull present: return Of(present.Inner).WithoutNull;
            case TypeExpression.Property { Target: TypeExpression.Named { Name: "sys" } } property: return Primitives.GetValueOrDefault(property.Name, BicepType.Anything);
            case TypeExpression.Property { Target: TypeExpression.Named space } property when file.Wildcard(space.Name) is { } other:
                return other.Symbols.TryGetValue(property.Name, out var there) && there is Declaration.TypeAlias theirs ? other.Types.Of(theirs) : BicepType.Anything;
            case TypeExpression.Property property: return Of(property.Target).Resolved is BicepType.Object target ? target.Find(property.Name)?.Type ?? BicepType.Anything : BicepType.Anything;
            case TypeExpression.ItemsOf items:
                return Of(items.Target).Resolved switch { BicepType.Array array => array.Item, BicepType.Object map => map.Additional ?? BicepType.Anything, BicepType.Tuple tuple => BicepType.UnionOf(tuple.Items), _ => BicepType.Anything };
            default: return BicepType.Anything;
        }
    }

    /// <summary>The type narrowed by @allowed, @minLength, @minValue and their like.</summary>
    public static BicepType Decorated(BicepType type, IReadOnlyList<Decorator> decorators)
    {
        foreach (var decorator in decorators)
        {
            long? limit = decorator.Arguments is [Expression.Integer integer] ? integer.Value : null;
            type = (decorator.Name, type.Resolved) switch
            {
                ("secure", _) => type with { IsSecure = true },
                ("minLength", BicepType.String text) => text with { Minimum = limit },
                ("maxLength", BicepType.String text) => text with { Maximum = limit },
                ("minLength", BicepType.Array array) => array with { Minimum = limit },
                ("maxLength", BicepType.Array array) => array with { Maximum = limit },
                ("minValue", BicepType.Integer number) => number with { Minimum = limit },
                ("maxValue", BicepType.Integer number) => number with { Maximum = limit },
                ("allowed", var basis) when decorator.Arguments is [Expression.Array allowed] => Allowed(basis, allowed),
                _ => type,
            };
        }
        return type;
    }

    private static BicepType Allowed(BicepType basis, Expression.Array allowed)
    {
        // On an array parameter the list says what its items may be.
        var literals = BicepType.UnionOf(allowed.Items.Select(LiteralType)) with { IsSecure = basis.IsSecure };
        return basis is BicepType.Array array ? allowed.Items.All(i => i is Expression.Array) ? basis : array with { Item = literals } : literals;
    }

    private static BicepType LiteralType(Expression value) => value switch
    {
        Expression.String { Literal: { } text } => new BicepType.String(text),
        Expression.Integer number => new BicepType.Integer(number.Value),
        Expression.Boolean truth => new BicepType.Boolean(truth.Value),
        Expression.Null => BicepType.Nothing,
        _ => BicepType.Anything,
    };
}
