namespace Dapr.Voice.Infra.Bicep;

/// <summary>An array whose length is known; elements may be runtime values.</summary>
public sealed record BicepArray(SourceSpan Where, IReadOnlyList<BicepValue> Items) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Array;

    public override bool IsKnown => Items.All(i => i.IsKnown);

    public override bool SameAs(BicepValue other)
        => other is BicepArray that && that.Items.Count == Items.Count && Items.Zip(that.Items).All(pair => pair.First.SameAs(pair.Second));

    public override string ToString() => BicepJson.Write(this);
}
