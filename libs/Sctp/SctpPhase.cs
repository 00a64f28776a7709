namespace Dapr.Voice.Sctp;

/// <summary>The states of an association (RFC 9260, section 4). <see cref="Ended"/> is ours: unlike CLOSED it cannot be left.</summary>
public enum SctpPhase : byte
{
    Closed,
    CookieWait,
    CookieEchoed,
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
    Ended,
}
