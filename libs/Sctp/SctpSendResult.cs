namespace Dapr.Voice.Sctp;

public enum SctpSendResult : byte
{
    /// <summary>Copied into the send queue.</summary>
    Queued,
    /// <summary>The send queue has no room for it now; nothing of it was taken. Try again when acknowledgements have come.</summary>
    WouldBlock,
    /// <summary>Longer than the peer takes.</summary>
    TooLarge,
    /// <summary>Not a stream of this association, one too many, or one that is being reset.</summary>
    InvalidStream,
    /// <summary>The association is ending or has ended.</summary>
    Closed,
}
