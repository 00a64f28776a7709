namespace Dapr.Voice.Infra.Bicep;

/// <summary>An array whose length is known; elements may be runtime values.</summary>
public sealed record BicepArray(SourceSpan Where, IReadOnlyList<BicepValue> Items) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Array;

    public override bool IsKnown => Items.All(i => i.IsKnown);

    internal override long Weight { get; } = Math.Min(long.MaxValue / 4, 1 + Items.Aggregate(0L, (sum, i) => Math.Min(long.MaxValue / 4, sum + i.Weight)));

    internal override int Levels { get; } = 1 + Items.Select(i => i.Levels).DefaultIfEmpty(0).Max();

    public override bool SameAs(BicepValue other)
        => other is BicepArray that && that.Items.Count == Items.Count && Items.Zip(that.Items).All(pair => pair.First.SameAs(pair.Second));

    public override string ToString() => BicepJson.Write(this);
}
