using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// A value of a snapshot, with its place. What the compiler could resolve is text, a number, a flag, a list or an object; what only the
/// deployment knows is a <see cref="BicepRuntime"/>.
/// </summary>
public abstract record BicepValue(Place Where)
{
    /// <summary>Everything below is known now: there is no <see cref="BicepRuntime"/> in it.</summary>
    public virtual bool IsKnown => true;

    /// <summary>Equal whatever their places are. Two runtime values are equal when their expressions are.</summary>
    public bool SameAs(BicepValue other) => JsonNode.DeepEquals(ToJson(), other.ToJson());

    internal abstract JsonNode? ToJson();

    /// <summary>The value as compact JSON, with runtime values as <c>[expression]</c>, as in a template.</summary>
    public sealed override string ToString() => ToJson()?.ToJsonString(Relaxed) ?? "null";

    // For people and for comparisons: no browser ever reads it.
    private static readonly JsonSerializerOptions Relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>Text that is known now.</summary>
public sealed record BicepString(Place Where, string Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

/// <summary>A whole number.</summary>
public sealed record BicepInteger(Place Where, long Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

/// <summary>A number with a fraction; in Bicep only <c>json('0.5')</c> makes one.</summary>
public sealed record BicepNumber(Place Where, decimal Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

public sealed record BicepBoolean(Place Where, bool Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

/// <summary>Null: Azure treats a property with this value as left out.</summary>
public sealed record BicepNull(Place Where) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => null;
}

public sealed record BicepArray(Place Where, IReadOnlyList<BicepValue> Items) : BicepValue(Where)
{
    public override bool IsKnown => Items.All(i => i.IsKnown);

    internal override JsonNode? ToJson() => new JsonArray([.. Items.Select(i => i.ToJson())]);
}

/// <summary>One property of an object.</summary>
public sealed record BicepProperty(string Name, BicepValue Value)
{
    public Place Where => Value.Where;
}

/// <summary>An object. Names are matched as Azure matches them, blind to case.</summary>
public sealed record BicepObject(Place Where, IReadOnlyList<BicepProperty> Properties) : BicepValue(Where)
{
    public override bool IsKnown => Properties.All(p => p.Value.IsKnown);

    /// <summary>The property of that name, or null.</summary>
    public BicepValue? this[string name] => Find(name)?.Value;

    public BicepProperty? Find(string name)
        => Properties.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// The value at a dotted path of property names (<c>properties.configuration.ingress</c>), or null where a step is missing or is no
    /// object.
    /// </summary>
    public BicepValue? At(string path)
    {
        BicepValue? value = this;
        foreach (string step in path.Split('.'))
        {
            value = value is BicepObject node ? node[step] : null;
            if (value is null) return null;
        }
        return value;
    }

    internal override JsonNode? ToJson() => new JsonObject(Properties.Select(p => KeyValuePair.Create(p.Name, p.Value.ToJson())));
}

/// <summary>
/// One property of one resource that only the deployment knows: <paramref name="Resource"/> is its id, <paramref name="Path"/> the way to
/// it (<c>properties.principalId</c>).
/// </summary>
public sealed record RuntimeReference(string Resource, string Path);

/// <summary>
/// A value that only the deployment knows. <paramref name="Text"/> is Azure's expression for it, without the brackets around it.
/// </summary>
public sealed record BicepRuntime(Place Where, string Text) : BicepValue(Where)
{
    public override bool IsKnown => false;

    /// <summary>Every resource property that the value is made from.</summary>
    public IReadOnlyList<RuntimeReference> References { get; init; } = [];

    /// <summary>
    /// The pieces of a text that is put together, in order, known text as <see cref="BicepString"/>; of base64 the pieces of what is
    /// encoded. Empty for any other expression.
    /// </summary>
    public IReadOnlyList<BicepValue> Parts { get; init; } = [];

    internal override JsonNode? ToJson() => JsonValue.Create($"[{Text}]");
}
