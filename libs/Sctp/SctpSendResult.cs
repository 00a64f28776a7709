namespace Dapr.Voice.Sctp;

public enum SctpSendResult : byte
{
    /// <summary>The message was copied into the send queue.</summary>
    Queued,
    /// <summary>
    /// The send queue has no room for the message now. Nothing was queued. Try again after acknowledgements have arrived.
    /// </summary>
    WouldBlock,
    /// <summary>The message is longer than the peer accepts.</summary>
    TooLarge,
    /// <summary>The stream is outside the range of this association, is one too many, or is being reset.</summary>
    InvalidStream,
    /// <summary>The association is ending or has ended.</summary>
    Closed,
}
