namespace Dapr.Voice.Infra.Bicep;

/// <summary>A 64-bit integer; Bicep has no other numbers.</summary>
public sealed record BicepInteger(SourceSpan Where, long Value) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Integer;

    public override bool IsKnown => true;

    public override bool SameAs(BicepValue other) => other is BicepInteger that && that.Value == Value;

    public override string ToString() => BicepJson.Write(this);
}
