namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// A value that only the deployment knows. <paramref name="Text"/> is the expression in a readable form, with resources by their
/// <see cref="ResolvedResource.Key"/> (<c>region[0]:identity.properties.principalId</c>), the same for the same value.
/// </summary>
public sealed record BicepRuntime(SourceSpan Where, BicepTypeHint TypeHint, string Text) : BicepValue(Where)
{
    public override BicepTypeHint Type => TypeHint;

    /// <summary>Every resource property the value is made from.</summary>
    public IReadOnlyList<RuntimeReference> References { get; init; } = [];

    /// <summary>For an interpolated or joined string: its pieces in order, known text as <see cref="BicepString"/>; for base64: what is encoded; else empty.</summary>
    public IReadOnlyList<BicepValue> Parts { get; init; } = [];

    public override bool IsKnown => false;

    public override bool SameAs(BicepValue other) => other is BicepRuntime that && that.Text == Text;

    public override string ToString() => BicepJson.Write(this);
}
