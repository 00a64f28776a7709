namespace Dapr.Voice.Infra;

/// <summary>
/// How much a finding weighs: an error stops a deployment or makes it wrong, a warning is what the Bicep linter would say, information is
/// for a reader.
/// </summary>
public enum Severity
{
    Information,
    Warning,
    Error,
}
