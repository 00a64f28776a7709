using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// A value of a snapshot with its place. A value that the compiler could resolve is text, a number, a flag, a list or an object. A value
/// that only the deployment knows is a <see cref="BicepRuntime"/>.
/// </summary>
public abstract record BicepValue(Place Where)
{
    /// <summary>The whole value is known now: it contains no <see cref="BicepRuntime"/>.</summary>
    public virtual bool IsKnown => true;

    /// <summary>Compares two values without their places. Two runtime values are equal if their expressions are equal.</summary>
    public bool SameAs(BicepValue other) => JsonNode.DeepEquals(ToJson(), other.ToJson());

    internal abstract JsonNode? ToJson();

    /// <summary>Returns the value as compact JSON, with runtime values as <c>[expression]</c>, as in a template.</summary>
    public sealed override string ToString() => ToJson()?.ToJsonString(Relaxed) ?? "null";

    // The text is for people and for comparisons. No browser reads it.
    private static readonly JsonSerializerOptions Relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>A text that is known now.</summary>
public sealed record BicepString(Place Where, string Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

/// <summary>A whole number.</summary>
public sealed record BicepInteger(Place Where, long Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

/// <summary>A number with a fraction. In Bicep only <c>json('0.5')</c> makes one.</summary>
public sealed record BicepNumber(Place Where, decimal Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

public sealed record BicepBoolean(Place Where, bool Value) : BicepValue(Where)
{
    internal override JsonNode? ToJson() => JsonValue.Create(Value);
}

/// <summary>Null. Azure treats a property with this value as omitted.</summary>
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

/// <summary>An object. Names are compared without regard to case, as Azure does.</summary>
public sealed record BicepObject(Place Where, IReadOnlyList<BicepProperty> Properties) : BicepValue(Where)
{
    public override bool IsKnown => Properties.All(p => p.Value.IsKnown);

    /// <summary>Returns the property of that name, or null.</summary>
    public BicepValue? this[string name] => Find(name)?.Value;

    public BicepProperty? Find(string name)
        => Properties.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Returns the value at a dotted path of property names (<c>properties.configuration.ingress</c>). Returns null if a step is missing or
    /// is not an object.
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
/// One property of one resource that only the deployment knows. <paramref name="Resource"/> is the resource's id, and <paramref
/// name="Path"/> is the path of the property (<c>properties.principalId</c>).
/// </summary>
public sealed record RuntimeReference(string Resource, string Path);

/// <summary>
/// A value that only the deployment knows. <paramref name="Text"/> is Azure's expression for it, without the brackets around it.
/// </summary>
public sealed record BicepRuntime(Place Where, string Text) : BicepValue(Where)
{
    public override bool IsKnown => false;

    /// <summary>Every resource property from which the value is made.</summary>
    public IReadOnlyList<RuntimeReference> References { get; init; } = [];

    /// <summary>
    /// The pieces of a composed text in order. A known piece is a <see cref="BicepString"/>. For base64, these are the pieces of the
    /// encoded text. Empty for any other expression.
    /// </summary>
    public IReadOnlyList<BicepValue> Parts { get; init; } = [];

    internal override JsonNode? ToJson() => JsonValue.Create($"[{Text}]");
}
