namespace Dapr.Voice.Infra.Bicep;

/// <summary>True or false.</summary>
public sealed record BicepBoolean(SourceSpan Where, bool Value) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Boolean;

    public override bool IsKnown => true;

    public override bool SameAs(BicepValue other) => other is BicepBoolean that && that.Value == Value;

    public override string ToString() => BicepJson.Write(this);
}
