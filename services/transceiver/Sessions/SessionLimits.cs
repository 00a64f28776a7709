namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>The time limits of a session.</summary>
/// <param name="FirstCheck">Without a valid STUN check, the session ends with <c>SetupTimeout</c> after this time.</param>
/// <param name="Handshake">Without DTLS, the session ends with <c>SetupTimeout</c> after this time.</param>
/// <param name="Maximum">The session ends with <c>LimitReached</c> after this time.</param>
/// <param name="AgentRelease">The agent is released after this time without anything from the caller. Zero: never.</param>
internal readonly record struct SessionLimits(TimeSpan FirstCheck, TimeSpan Handshake, TimeSpan Maximum, TimeSpan AgentRelease);
