namespace Dapr.Voice.Sctp;

/// <summary>What an association is told by the session description and by its owner. Every bound on its memory is here.</summary>
public sealed record SctpOptions
{
    /// <summary>
    /// The largest packet sent. DTLS adds 37 bytes (AES-GCM: header 13, nonce 8, tag 16), which makes a datagram of at most 1197:
    /// under the 1200 bytes that pass everywhere, and a multiple of four as chunks are.
    /// </summary>
    public const int MaximumPacketBytes = 1160;

    /// <summary>User data in one DATA chunk: the packet less its common header (12) and the chunk's header (16).</summary>
    public const int MaximumChunkPayloadBytes = MaximumPacketBytes - 12 - 16;

    /// <summary>Our <c>a=sctp-port</c>.</summary>
    public ushort LocalPort { get; init; } = 5000;

    /// <summary>The peer's <c>a=sctp-port</c>.</summary>
    public ushort RemotePort { get; init; } = 5000;

    /// <summary>
    /// Tags, initial TSN, cookies and heartbeat nonces come from it. In production from a cryptographic source: the packets travel inside
    /// DTLS, so guessing helps only the peer, against itself.
    /// </summary>
    public required ulong RandomSeed { get; init; }

    /// <summary>The peer's <c>a=max-message-size</c>; RFC 8841, section 6 says 64 KiB when it is absent.</summary>
    public int MaximumSendMessageBytes { get; init; } = 64 * 1024;

    /// <summary>Our own <c>a=max-message-size</c>; a longer message ends the association.</summary>
    public int MaximumReceiveMessageBytes { get; init; } = 256 * 1024;

    /// <summary>User data queued and not yet acknowledged. A message that does not fit is refused as a whole.</summary>
    public int SendBufferBytes { get; init; } = 512 * 1024;

    /// <summary>The window (a_rwnd) offered to the peer when nothing waits; what is held in pieces is bounded by twice this.</summary>
    public int ReceiveWindowBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// Streams offered in each direction. Clients take ids from 0 upwards; 1,024 is what libwebrtc itself offers at least.
    /// </summary>
    public ushort StreamCount { get; init; } = 1024;

    internal void Validate()
    {
        if (MaximumSendMessageBytes is < 1 or > 16 * 1024 * 1024)
            throw new ArgumentException("MaximumSendMessageBytes is 1 byte to 16 MiB.");
        if (SendBufferBytes < MaximumSendMessageBytes)
            throw new ArgumentException("SendBufferBytes must hold one message of MaximumSendMessageBytes.");
        if (MaximumReceiveMessageBytes < 1 || ReceiveWindowBytes < MaximumReceiveMessageBytes)
            throw new ArgumentException("ReceiveWindowBytes must hold one message of MaximumReceiveMessageBytes.");
        if (ReceiveWindowBytes < 4 * MaximumPacketBytes) throw new ArgumentException("ReceiveWindowBytes is at least four packets.");
        if (StreamCount == 0) throw new ArgumentException("StreamCount is at least 1.");
    }
}
