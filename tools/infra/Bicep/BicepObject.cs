using System.Diagnostics.CodeAnalysis;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>An object in source order. Names are matched as ARM does: blind to case.</summary>
public sealed record BicepObject(SourceSpan Where, IReadOnlyList<BicepProperty> Properties) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Object;

    public override bool IsKnown => Properties.All(p => p.Value.IsKnown);

    /// <summary>The property of that name, or null.</summary>
    public BicepValue? this[string name] => Find(name)?.Value;

    public BicepProperty? Find(string name)
    {
        foreach (var property in Properties)
        {
            if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase)) return property;
        }
        return null;
    }

    public bool TryGet(string name, [NotNullWhen(true)] out BicepValue? value) => (value = this[name]) is not null;

    /// <summary>The value at a dotted path of property names (<c>properties.configuration.ingress</c>), or null where a step is missing or is no object.</summary>
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

    internal override long Weight { get; } = Math.Min(long.MaxValue / 4, 1 + Properties.Aggregate(0L, (sum, p) => Math.Min(long.MaxValue / 4, sum + p.Value.Weight)));

    internal override int Levels { get; } = 1 + Properties.Select(p => p.Value.Levels).DefaultIfEmpty(0).Max();

    public override bool SameAs(BicepValue other)
        => other is BicepObject that && that.Properties.Count == Properties.Count
            && Properties.All(p => that[p.Name] is { } value && p.Value.SameAs(value));

    public override string ToString() => BicepJson.Write(this);
}
