namespace Dapr.Voice.Sctp;

/// <summary>
/// The states of an association (RFC 9260, section 4). <see cref="Ended"/> is our own: unlike CLOSED, it is final.
/// </summary>
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
