namespace Dapr.Voice.Infra.Bicep;

/// <summary>A string that is known now.</summary>
public sealed record BicepString(SourceSpan Where, string Value) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.String;

    public override bool IsKnown => true;

    public override bool SameAs(BicepValue other) => other is BicepString that && that.Value == Value;

    public override string ToString() => BicepJson.Write(this);
}
