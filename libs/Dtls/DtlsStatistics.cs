namespace Dapr.Voice.Dtls;

/// <summary>What one connection dropped, and why.</summary>
/// <param name="NotDtls">Datagrams with a first byte that is not DTLS (RFC 7983, section 7), or shorter than a record's header.</param>
/// <param name="TooLong">Datagrams longer than we take.</param>
/// <param name="Unfetched">Datagrams and records that found a queue full: nobody fetched what was before them.</param>
/// <param name="RecordsRefused">Replayed, forged or broken records. While OpenSSL carries the connection only those that it must not see; it tells nobody of the others.</param>
public readonly record struct DtlsStatistics(long NotDtls, long TooLong, long Unfetched, long RecordsRefused);
