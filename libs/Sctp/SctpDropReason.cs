namespace Dapr.Voice.Sctp;

/// <summary>Why a packet or a chunk went nowhere; the member is also the tag of the counter.</summary>
public enum SctpDropReason : byte
{
    PacketTooShort,
    WrongPorts,
    BadChecksum,
    WrongVerificationTag,
    MalformedChunk,
    UnknownChunk,
    /// <summary>A chunk that has no meaning in the state the association is in.</summary>
    UnexpectedChunk,
    UnknownCookie,
    InvalidStream,
    /// <summary>More streams in use than are kept account of.</summary>
    TooManyStreams,
    DuplicateData,
    ReceiveBufferFull,
    TooManyGaps,
    /// <summary>A TSN further ahead than a SACK is able to name.</summary>
    TsnTooFarAhead,
    /// <summary>A SACK for data that was never sent, or an old one.</summary>
    StaleSack,
    HeartbeatTooLarge,
    /// <summary>More waits for the owner to take than is kept for it.</summary>
    EventQueueFull,
    /// <summary>More bytes than a message may have; it ends the association.</summary>
    MessageTooLarge,
    /// <summary>A piece of a message that the peer gave up before it was whole (RFC 3758).</summary>
    AbandonedByPeer,
    AssociationEnded,
}
