using Dapr.Voice.Contracts;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// A state that a session has reached and that has to be reported: the wanted record, whose sequence number is that of the event.
/// </summary>
/// <param name="EventType">One of <see cref="LifecycleEventTypes"/>.</param>
internal readonly record struct SessionReport(SessionRecord Record, string EventType, DateTimeOffset Since);
