namespace Dapr.Voice.Infra.Bicep;

/// <summary>A parameter of main.bicep. <paramref name="Type"/> as Bicep writes it, allowed values as a union; <paramref name="HasDefault"/>: may go without a value.</summary>
public sealed record BicepParameter(string Name, string Type, bool IsSecure, bool HasDefault, SourceSpan Where);
