namespace Dapr.Voice.Sctp;

/// <summary>
/// Settings of an association from the session description and from its owner. All limits of its memory are here.
/// </summary>
public sealed record SctpOptions
{
    /// <summary>
    /// The largest packet that is sent. DTLS adds 37 bytes (AES-GCM: header 13, nonce 8, tag 16), so a datagram has at most 1197 bytes.
    /// That is below the 1200 bytes that every network transports. The value is a multiple of four, as chunks are.
    /// </summary>
    public const int MaximumPacketBytes = 1160;

    /// <summary>The maximum user data of a DATA chunk: the packet without the common header (12) and the chunk's header (16).</summary>
    public const int MaximumChunkPayloadBytes = MaximumPacketBytes - 12 - 16;

    /// <summary>Our <c>a=sctp-port</c>.</summary>
    public ushort LocalPort { get; init; } = 5000;

    /// <summary>The peer's <c>a=sctp-port</c>.</summary>
    public ushort RemotePort { get; init; } = 5000;

    /// <summary>
    /// The seed of tags, initial TSNs, cookies and heartbeat nonces. In production it comes from a cryptographic source. The packets travel
    /// inside DTLS, so only the peer could use a guess, and only against its own session.
    /// </summary>
    public required ulong RandomSeed { get; init; }

    /// <summary>The peer's <c>a=max-message-size</c>. It is 64 KiB if the attribute is absent (RFC 8841, section 6).</summary>
    public int MaximumSendMessageBytes { get; init; } = 64 * 1024;

    /// <summary>Our own <c>a=max-message-size</c>. A longer message ends the association.</summary>
    public int MaximumReceiveMessageBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// The limit of user data that is queued and not yet acknowledged. A message that does not fit is rejected as a whole.
    /// </summary>
    public int SendBufferBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// The window (a_rwnd) that is offered to the peer when nothing waits. The memory for incomplete messages is limited to twice this
    /// value.
    /// </summary>
    public int ReceiveWindowBytes { get; init; } = 512 * 1024;

    /// <summary>
    /// The number of streams offered in each direction. Clients use ids from 0 upwards. libwebrtc itself offers at least 1,024.
    /// </summary>
    public ushort StreamCount { get; init; } = 1024;

    /// <summary>
    /// How many DATA chunks are processed per second in the long term, and <see cref="ChunkBurst"/> at once. Further ones are dropped
    /// without acknowledgement, so that the peer sends them again later and slows down. 0 means no limit.
    /// </summary>
    public int ChunksPerSecond { get; init; }

    /// <summary>More chunks than the window holds, so that only a peer that ignores the window meets it.</summary>
    public int ChunkBurst { get; init; } = 4096;

    internal void Validate()
    {
        if (MaximumSendMessageBytes is < 1 or > 16 * 1024 * 1024)
            throw new ArgumentException("MaximumSendMessageBytes is 1 byte to 16 MiB.");
        if (SendBufferBytes < MaximumSendMessageBytes)
            throw new ArgumentException("SendBufferBytes must hold one message of MaximumSendMessageBytes.");
        if (MaximumReceiveMessageBytes < 1 || ReceiveWindowBytes < MaximumReceiveMessageBytes)
            throw new ArgumentException("ReceiveWindowBytes must hold one message of MaximumReceiveMessageBytes.");
        if (ReceiveWindowBytes < 4 * MaximumPacketBytes) throw new ArgumentException("ReceiveWindowBytes must be at least four packets.");
        if (ChunksPerSecond < 0 || ChunkBurst < 1) throw new ArgumentException("ChunksPerSecond is at least 0, and ChunkBurst at least 1.");
        if (StreamCount == 0) throw new ArgumentException("StreamCount must be at least 1.");
    }
}
