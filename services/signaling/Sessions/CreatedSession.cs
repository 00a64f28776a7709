using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Sessions;

/// <param name="ExpiresAt">When its limit ends it.</param>
internal sealed record CreatedSession(SessionRecord Record, string AnswerSdp, DateTimeOffset ExpiresAt);
