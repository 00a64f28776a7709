namespace Dapr.Voice.Signaling.Keys;

internal enum EphemeralKeyOutcome
{
    Valid,
    /// <summary>Ours, and its time is over.</summary>
    Expired,
    /// <summary>Not ours, or changed, or signed with a key that has left the ring.</summary>
    Invalid,
}
