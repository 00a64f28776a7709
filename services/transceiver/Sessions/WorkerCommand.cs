namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>An action that runs on a worker's thread.</summary>
/// <param name="Session">The session that the action belongs to. It ends if the action throws. Null for an action of the worker
/// itself.</param>
internal readonly record struct WorkerCommand(VoiceSession? Session, Action Action);
