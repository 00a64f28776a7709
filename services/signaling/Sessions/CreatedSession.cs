using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Sessions;

/// <param name="ExpiresAt">When the session's time limit ends it.</param>
internal sealed record CreatedSession(SessionRecord Record, string AnswerSdp, DateTimeOffset ExpiresAt);
