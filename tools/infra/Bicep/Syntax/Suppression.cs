namespace Dapr.Voice.Infra.Bicep.Syntax;

/// <summary><c>#disable-next-line</c>, or a stretch between <c>#disable-diagnostics</c> and <c>#restore-diagnostics</c>: from line to line, both included. As in Bicep it hides warnings, not errors.</summary>
internal sealed record Suppression(string Rule, int FromLine, int ToLine);
