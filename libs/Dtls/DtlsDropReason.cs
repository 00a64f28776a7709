namespace Dapr.Voice.Dtls;

/// <summary>Why a datagram or a record was dropped.</summary>
public enum DtlsDropReason : byte
{
    /// <summary>The first byte is not DTLS (RFC 7983, section 7), or the datagram is shorter than a record's header.</summary>
    NotDtls,
    /// <summary>The datagram is longer than the maximum.</summary>
    TooLong,
    /// <summary>The datagram ends before its record ends.</summary>
    Truncated,
    /// <summary>A queue was full, because the owner did not take out the datagrams before this one.</summary>
    Unfetched,
    /// <summary>
    /// The record is unsafe for OpenSSL and was not passed to it. OpenSSL does not report the records that it drops itself.
    /// </summary>
    Unsafe,
    /// <summary>Imported connection: the record is too short for its cipher.</summary>
    Malformed,
    /// <summary>Imported connection: the record has another epoch than the keys.</summary>
    WrongEpoch,
    /// <summary>Imported connection: the record was received before, or it is older than the replay window.</summary>
    Replayed,
    /// <summary>Imported connection: the tag of the record is wrong.</summary>
    NotAuthentic,
    /// <summary>The connection has ended.</summary>
    Ended,
}
