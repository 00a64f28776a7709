using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>A client's packet that came over a link. It is valid as long as its datagram.</summary>
public readonly ref struct LinkData(SessionId sessionId, TransportPath path, bool isUnverifiedSource, Span<byte> payload)
{
    public SessionId SessionId { get; } = sessionId;

    /// <summary>
    /// The path to the client. Its base names the link and the ingress (<see cref="LinkBase"/>); an answer takes the same path.
    /// </summary>
    public TransportPath Path { get; } = path;

    /// <inheritdoc cref="LinkFrame.IsUnverifiedSource"/>
    public bool IsUnverifiedSource { get; } = isUnverifiedSource;

    /// <summary>Writable, so that it can be decrypted in place.</summary>
    public Span<byte> Payload { get; } = payload;
}
