using Dapr.Voice.Contracts;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// A state that a session has reached and that the world is to learn of: the record as it shall be, whose sequence number is the event's.
/// </summary>
internal readonly record struct SessionReport(SessionRecord Record, DateTimeOffset Since);
