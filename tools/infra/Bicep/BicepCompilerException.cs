namespace Dapr.Voice.Infra.Bicep;

/// <summary>The compiler did not start, ended, or refused what it was asked.</summary>
public sealed class BicepCompilerException(string message, Exception? inner = null) : Exception(message, inner);
