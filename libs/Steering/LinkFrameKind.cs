namespace Dapr.Voice.Steering;

/// <summary>What a frame on a link carries. Where only one direction makes sense, it is noted: R is the relay, T the transceiver.</summary>
public enum LinkFrameKind : byte
{
    None,
    /// <summary>One packet of a client, unchanged.</summary>
    Data,
    /// <summary>R to T: starts a handshake with the relay's identity and a nonce. Signed.</summary>
    Hello,
    /// <summary>T to R: answers a HELLO with the other nonce. Signed.</summary>
    Welcome,
    /// <summary>R to T: asks for a reply. Carries the slots announcement that the relay holds, and whether the relay is draining.</summary>
    Probe,
    /// <summary>T to R: returns the probe's time and the number of the current announcement.</summary>
    ProbeReply,
    /// <summary>T to R: the slots behind this link.</summary>
    Slots,
    /// <summary>T to R: the session has ended; forget its flows.</summary>
    Gone,
    /// <summary>R to T: another transceiver no longer answers.</summary>
    Suspect,
    /// <summary>R to T: this relay is draining; send nothing more through it.</summary>
    Draining,
    /// <summary>T to R: the cookie is unknown; send a HELLO.</summary>
    Reset,
    /// <summary>R to T: the highest epoch of each slot that this relay has ever seen announced.</summary>
    Epochs,
}
