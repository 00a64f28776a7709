namespace Dapr.Voice.Infra.Bicep;

/// <summary>What kind of value a deployment-time expression gives, as far as the text says.</summary>
public enum BicepTypeHint
{
    Any,
    String,
    Integer,
    Boolean,

    /// <summary>With a fraction, from <c>json()</c>.</summary>
    Number,

    Array,
    Object,
}
