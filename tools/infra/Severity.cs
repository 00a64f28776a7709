namespace Dapr.Voice.Infra;

/// <summary>
/// The weight of a finding. An error stops a deployment or makes it wrong. A warning is what the Bicep linter would report. Information is
/// for a reader.
/// </summary>
public enum Severity
{
    Information,
    Warning,
    Error,
}
