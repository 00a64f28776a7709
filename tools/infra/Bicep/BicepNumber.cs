namespace Dapr.Voice.Infra.Bicep;

/// <summary>A number with a fraction. The language has no literal for it: only <c>json('0.5')</c> and JSON files give one.</summary>
public sealed record BicepNumber(SourceSpan Where, decimal Value) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Number;

    public override bool IsKnown => true;

    public override bool SameAs(BicepValue other) => other is BicepNumber that && that.Value == Value;

    public override string ToString() => BicepJson.Write(this);
}
