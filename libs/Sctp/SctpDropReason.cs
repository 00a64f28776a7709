namespace Dapr.Voice.Sctp;

/// <summary>Why a packet or a chunk was dropped. The name is also the tag of the counter.</summary>
public enum SctpDropReason : byte
{
    PacketTooShort,
    WrongPorts,
    BadChecksum,
    WrongVerificationTag,
    MalformedChunk,
    UnknownChunk,
    /// <summary>The chunk is not allowed in the current state of the association.</summary>
    UnexpectedChunk,
    UnknownCookie,
    InvalidStream,
    /// <summary>More streams are in use than the association keeps track of.</summary>
    TooManyStreams,
    DuplicateData,
    ReceiveBufferFull,
    TooManyGaps,
    /// <summary>The TSN is further ahead than a SACK can express.</summary>
    TsnTooFarAhead,
    /// <summary>The SACK is old, or it acknowledges data that was never sent.</summary>
    StaleSack,
    HeartbeatTooLarge,
    /// <summary>The owner did not take its events, and the queue of events is full.</summary>
    EventQueueFull,
    /// <summary>The message has more bytes than allowed. This ends the association.</summary>
    MessageTooLarge,
    /// <summary>A fragment of a message that the peer abandoned before the message was complete (RFC 3758).</summary>
    AbandonedByPeer,
    /// <summary>
    /// After a takeover: a fragment of a message whose beginning the previous owner has acknowledged, so that it is in no other place.
    /// </summary>
    BeginningMissing,
    AssociationEnded,
    /// <summary>The peer sends more chunks than <see cref="SctpOptions.ChunksPerSecond"/> allows.</summary>
    TooManyChunks,
}
