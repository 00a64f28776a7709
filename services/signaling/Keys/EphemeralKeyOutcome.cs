namespace Dapr.Voice.Signaling.Keys;

internal enum EphemeralKeyOutcome
{
    Valid,
    /// <summary>The key is genuine, and it has expired.</summary>
    Expired,
    /// <summary>The key is not one of ours, was changed, or was signed with a key that has left the key ring.</summary>
    Invalid,
}
