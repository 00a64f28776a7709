using Dapr.Voice.Contracts;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// A state that a session has reached and that has to be reported: the wanted record, whose sequence number is that of the event.
/// </summary>
internal readonly record struct SessionReport(SessionRecord Record, DateTimeOffset Since);
