namespace Dapr.Voice.Steering;

/// <summary>Why a ufrag is not a routing hint of this fleet.</summary>
public enum HintError : byte
{
    None,
    /// <summary>The packet has no username.</summary>
    Missing,
    /// <summary>The part before the colon does not have 39 characters.</summary>
    WrongLength,
    /// <summary>The text is not lower-case base32, or not in its canonical form.</summary>
    NotBase32,
    UnknownVersion,
    UnknownKey,
    /// <summary>The tag does not verify: somebody without the key made it.</summary>
    Forged,
}
