namespace Dapr.Voice.Infra.Arm;

/// <summary>One resource type in one API version, with the schema of its body.</summary>
internal sealed record ArmType(string Name, string ApiVersion, ArmSchema Body);
