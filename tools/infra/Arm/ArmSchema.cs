namespace Dapr.Voice.Infra.Arm;

internal enum ArmKind
{
    Any,
    Object,
    Array,
    String,
    Number,
    Boolean,
    OneOf,
}

/// <summary>What a value in a resource body may be. Integers are numbers here: the source data shows CPU counts, which are fractions, as integers.</summary>
internal sealed class ArmSchema
{
    public required ArmKind Kind { get; init; }

    /// <summary>By name, blind to case as ARM is; the key keeps the schema's spelling.</summary>
    public IReadOnlyDictionary<string, Lazy<ArmSchema>> Properties { get; init; } = EmptyProperties;

    /// <summary>The schema's own spelling of each property name.</summary>
    public IReadOnlySet<string> Spellings { get; init; } = EmptyNames;

    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>Schema of values under names that are no property, null: there may be none.</summary>
    public Lazy<ArmSchema>? Additional { get; init; }

    public Lazy<ArmSchema>? Items { get; init; }

    /// <summary>Allowed words; empty: any.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    public string? Pattern { get; init; }
    public int? MinLength { get; init; }
    public int? MaxLength { get; init; }
    public long? Minimum { get; init; }
    public long? Maximum { get; init; }

    /// <summary>For <see cref="ArmKind.OneOf"/>: the forms, told apart by a property that has one word in each.</summary>
    public IReadOnlyList<Lazy<ArmSchema>> Forms { get; init; } = [];

    public static readonly ArmSchema Anything = new() { Kind = ArmKind.Any };

    private static readonly IReadOnlyDictionary<string, Lazy<ArmSchema>> EmptyProperties = new Dictionary<string, Lazy<ArmSchema>>();
    private static readonly IReadOnlySet<string> EmptyNames = new HashSet<string>();
}
