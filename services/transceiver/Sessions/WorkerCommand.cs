namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>Something to be done on a worker's thread.</summary>
/// <param name="Session">The session on whose behalf it is done, and which ends if it throws; null for the worker's own.</param>
internal readonly record struct WorkerCommand(VoiceSession? Session, Action Action);
