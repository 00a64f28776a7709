namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>A system in the shape of Container Apps: <c>./voice up --edge tcp</c>, whose answers name TCP candidates alone.</summary>
public sealed class TcpEdgeVoiceSystem() : VoiceSystem("tcp");
