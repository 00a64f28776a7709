namespace Dapr.Voice.Steering;

/// <summary>Why a ufrag is no hint of ours.</summary>
public enum HintError : byte
{
    None,
    /// <summary>No username at all.</summary>
    Missing,
    /// <summary>The part before the colon has not 39 characters.</summary>
    WrongLength,
    /// <summary>Not base32 in lower case, or not the canonical spelling.</summary>
    NotBase32,
    UnknownVersion,
    UnknownKey,
    /// <summary>Made by someone without the key.</summary>
    Forged,
}
