namespace Dapr.Voice.Dtls;

/// <summary>Why a datagram or a record went nowhere.</summary>
public enum DtlsDropReason : byte
{
    /// <summary>The first byte is not DTLS (RFC 7983, section 7), or the datagram is shorter than a record's header.</summary>
    NotDtls,
    /// <summary>A datagram longer than we take.</summary>
    TooLong,
    /// <summary>The datagram ends before its record does.</summary>
    Truncated,
    /// <summary>A queue was full: nobody fetched what was before it.</summary>
    Unfetched,
    /// <summary>A record that OpenSSL must not see. Of those that OpenSSL itself drops it tells nobody.</summary>
    Unsafe,
    /// <summary>A record of an imported connection that is too short for its cipher.</summary>
    Malformed,
    /// <summary>A record of an imported connection, of another epoch than that of its keys.</summary>
    WrongEpoch,
    /// <summary>A record of an imported connection that came before, or is older than the window.</summary>
    Replayed,
    /// <summary>A record of an imported connection whose tag is wrong.</summary>
    NotAuthentic,
    /// <summary>The connection is over.</summary>
    Ended,
}
