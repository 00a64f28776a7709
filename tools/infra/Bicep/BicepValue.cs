namespace Dapr.Voice.Infra.Bicep;

/// <summary>A value after evaluation, with the place in the source that wrote it (for a value passed through parameters and variables: where it was written first).</summary>
public abstract record BicepValue(SourceSpan Where)
{
    /// <summary>The value comes, wholly or in part, from a secure parameter, a key listing, or a secret property.</summary>
    public bool IsSecret => SecretSource is not null;

    /// <summary>Where the secret comes from, in words for a finding (<c>parameter 'adminKey'</c>, <c>listKeys()</c>); null: no secret.</summary>
    public string? SecretSource { get; init; }

    public abstract BicepTypeHint Type { get; }

    /// <summary>Everything below is known now: no <see cref="BicepRuntime"/> in it.</summary>
    public abstract bool IsKnown { get; }

    /// <summary>Values in this one, itself included, and how deep they go: bounds for the evaluator, kept so that shared parts are not walked again.</summary>
    internal virtual long Weight => 1;

    /// <inheritdoc cref="Weight"/>
    internal virtual int Levels => 1;

    /// <summary>Value equality as <c>==</c> in Bicep has it, blind to spans and secrecy; two runtime values are equal when their text is.</summary>
    public abstract bool SameAs(BicepValue other);

    /// <summary>The value as ARM JSON, with runtime values as <c>[text]</c>: for display and for tests.</summary>
    public override string ToString() => BicepJson.Write(this);
}
