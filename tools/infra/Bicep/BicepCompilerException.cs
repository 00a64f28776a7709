namespace Dapr.Voice.Infra.Bicep;

/// <summary>The compiler did not start, ended, or refused a request.</summary>
public sealed class BicepCompilerException(string message, Exception? inner = null) : Exception(message, inner);
