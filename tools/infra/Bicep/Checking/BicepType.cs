namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>What the checker knows of a value's type. Where it knows nothing it says <see cref="Any"/>, which fits everywhere: a doubt is no finding.</summary>
internal abstract record BicepType
{
    public static readonly BicepType Anything = new Any();
    public static readonly BicepType Text = new String(null);
    public static readonly BicepType Number = new Integer(null);
    public static readonly BicepType Truth = new Boolean(null);
    public static readonly BicepType List = new Array(Anything);
    public static readonly BicepType Map = new Object(null, [], Anything);
    public static readonly BicepType Nothing = new Null();

    /// <summary>Declared with @secure().</summary>
    public bool IsSecure { get; init; }

    public sealed record Any : BicepType
    {
        public override string ToString() => "any";
    }

    public sealed record Null : BicepType
    {
        public override string ToString() => "null";
    }

    /// <summary><paramref name="IsLoose"/>: the value of a plain parameter, which Bicep lets pass where a literal is wanted.</summary>
    public sealed record String(string? Literal, long? Minimum = null, long? Maximum = null, bool IsLoose = false) : BicepType
    {
        public override string ToString() => Literal is null ? "string" : $"'{Literal}'";
    }

    public sealed record Integer(long? Literal, long? Minimum = null, long? Maximum = null) : BicepType
    {
        public override string ToString() => Literal?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "int";
    }

    public sealed record Boolean(bool? Literal) : BicepType
    {
        public override string ToString() => Literal switch { null => "bool", true => "true", false => "false" };
    }

    public sealed record Array(BicepType Item, long? Minimum = null, long? Maximum = null) : BicepType
    {
        public override string ToString() => Item is Any ? "array" : Item is Union ? $"({Item})[]" : $"{Item}[]";
    }

    public sealed record Tuple(IReadOnlyList<BicepType> Items) : BicepType
    {
        public override string ToString() => $"[{string.Join(", ", Items)}]";
    }

    /// <summary><paramref name="Type"/> is behind a function where a type declaration may name itself.</summary>
    public sealed record Member(string Name, BicepType Type);

    /// <summary><paramref name="Additional"/> null: no other properties than the members.</summary>
    public sealed record Object(string? Name, IReadOnlyList<Member> Members, BicepType? Additional) : BicepType
    {
        public Member? Find(string name) => Members.FirstOrDefault(m => m.Name == name);

        public override string ToString() => Name ?? (Members.Count == 0 ? "object" : $"{{ {string.Join(", ", Members.Select(m => $"{m.Name}: {m.Type}"))} }}");
    }

    public sealed record Union(IReadOnlyList<BicepType> Members) : BicepType
    {
        public override string ToString() => string.Join(" | ", Members);
    }

    /// <summary>A <c>type</c> declaration by name, looked up when needed: types may name themselves.</summary>
    public sealed record Named(string Name, Func<BicepType> Target) : BicepType
    {
        public override string ToString() => Name;
    }

    public sealed record Resource(Syntax.Declaration.Resource Declaration) : BicepType
    {
        public override string ToString() => Declaration.Type.Literal ?? "resource";
    }

    public sealed record Module(Syntax.Declaration.Module Declaration) : BicepType
    {
        public override string ToString() => "module";
    }

    /// <summary>A resource or module that is declared in a loop.</summary>
    public sealed record Collection(BicepType Item) : BicepType
    {
        public override string ToString() => $"{Item}[]";
    }

    /// <summary>What resourceGroup() and its like give, good as a <c>scope:</c>.</summary>
    public sealed record Scope(ScopeKind Kind, Object Properties) : BicepType
    {
        public override string ToString() => Kind.ToString();
    }

    public sealed record Lambda(BicepType Result) : BicepType
    {
        public override string ToString() => "lambda";
    }

    /// <summary>Through names to the type they stand for; a name that leads only to itself is <see cref="Any"/>.</summary>
    public BicepType Resolved
    {
        get
        {
            var type = this;
            for (int i = 0; type is Named named; i++)
            {
                if (i > 50) return Anything;
                type = named.Target() with { IsSecure = type.IsSecure };
            }
            return type;
        }
    }

    public bool IsNullable => Resolved is Any or Null || (Resolved is Union union && union.Members.Any(m => m.IsNullable));

    public BicepType WithoutNull
    {
        get
        {
            if (Resolved is not Union union) return this;
            BicepType[] rest = [.. union.Members.Where(m => m.Resolved is not Null)];
            return rest.Length switch { 0 => Anything, 1 => rest[0], _ => new Union(rest) { IsSecure = IsSecure } };
        }
    }

    public BicepType OrNull => IsNullable ? this : new Union([this, Nothing]) { IsSecure = IsSecure };

    /// <summary>A union without repeats; <see cref="Any"/> swallows everything.</summary>
    public static BicepType UnionOf(params IEnumerable<BicepType> members)
    {
        List<BicepType> flat = [];
        foreach (var member in members)
        {
            if (member.Resolved is Any) return Anything;
            foreach (var part in member is Union union ? union.Members : [member])
            {
                if (!flat.Any(f => Same(f, part))) flat.Add(part);
            }
        }
        // Beyond this many alternatives nobody reads the message, and checks would cost their product.
        if (flat.Count > 200) return Anything;
        return flat.Count switch { 0 => Anything, 1 => flat[0], _ => new Union(flat) };
    }

    private static bool Same(BicepType a, BicepType b) => (a, b) switch
    {
        (String x, String y) => x == y,
        (Integer x, Integer y) => x == y,
        (Boolean x, Boolean y) => x == y,
        (Null, Null) => true,
        _ => ReferenceEquals(a, b),
    };

    public BicepTypeHint Hint => Resolved switch
    {
        String => BicepTypeHint.String,
        Integer => BicepTypeHint.Integer,
        Boolean => BicepTypeHint.Boolean,
        Array or Tuple or Collection => BicepTypeHint.Array,
        Object or Scope or Resource or Module => BicepTypeHint.Object,
        Union union when union.Members.Where(m => m.Resolved is not Null).Select(m => m.Hint).Distinct().Take(2).ToArray() is [var only] => only,
        _ => BicepTypeHint.Any,
    };
}
