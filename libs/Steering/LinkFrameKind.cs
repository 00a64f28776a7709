namespace Dapr.Voice.Steering;

/// <summary>What a frame on a link carries. The direction is noted where only one makes sense: R is the relay, T the transceiver.</summary>
public enum LinkFrameKind : byte
{
    None,
    /// <summary>One packet of a client, untouched.</summary>
    Data,
    /// <summary>R to T: who I am, with a nonce. Signed.</summary>
    Hello,
    /// <summary>T to R: the answer, with the other nonce. Signed.</summary>
    Welcome,
    /// <summary>R to T: are you there; what I know of your slots; whether I drain.</summary>
    Probe,
    /// <summary>T to R: the same time back, and the number of the announcement that counts.</summary>
    ProbeReply,
    /// <summary>T to R: the slots behind this link.</summary>
    Slots,
    /// <summary>T to R: the session ended, forget its flows.</summary>
    Gone,
    /// <summary>R to T: that transceiver does not answer any more.</summary>
    Suspect,
    /// <summary>R to T: this relay leaves; send nothing more through it.</summary>
    Draining,
    /// <summary>T to R: I do not know this cookie; say HELLO.</summary>
    Reset,
}
