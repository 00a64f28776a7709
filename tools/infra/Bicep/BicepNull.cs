namespace Dapr.Voice.Infra.Bicep;

/// <summary>Null: ARM treats a property with this value as left out.</summary>
public sealed record BicepNull(SourceSpan Where) : BicepValue(Where)
{
    public override BicepTypeHint Type => BicepTypeHint.Any;

    public override bool IsKnown => true;

    public override bool SameAs(BicepValue other) => other is BicepNull;

    public override string ToString() => BicepJson.Write(this);
}
