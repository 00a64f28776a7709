namespace Dapr.Voice.WebRtc;

/// <summary>Why bytes are no <see cref="PeerSessionState"/> that this release can continue.</summary>
public enum PeerStateError : byte
{
    None,
    /// <summary>There are no bytes, or more than <see cref="PeerSessionState.MaximumBytes"/>.</summary>
    BadLength,
    /// <summary>Another release wrote the bytes in a form that this one does not know.</summary>
    UnknownVersion,
    /// <summary>The bytes are damaged.</summary>
    Malformed,
    /// <summary>The bytes have the right form, but a value that no session has.</summary>
    Unsound,
}
