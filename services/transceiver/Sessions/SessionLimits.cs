namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>How long a session may take and last.</summary>
/// <param name="FirstCheck">Without a valid STUN check it ends with <c>SetupTimeout</c> after this.</param>
/// <param name="Handshake">Without DTLS it ends with <c>SetupTimeout</c> after this.</param>
/// <param name="Maximum">It ends with <c>LimitReached</c> after this.</param>
internal readonly record struct SessionLimits(TimeSpan FirstCheck, TimeSpan Handshake, TimeSpan Maximum);
