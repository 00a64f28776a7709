using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>A client's packet as it came over a link; valid as long as its datagram.</summary>
public readonly ref struct LinkData(SessionId sessionId, TransportPath path, bool isUnverifiedSource, Span<byte> payload)
{
    public SessionId SessionId { get; } = sessionId;

    /// <summary>The base names link and ingress (<see cref="LinkBase"/>); an answer takes the same way.</summary>
    public TransportPath Path { get; } = path;

    /// <inheritdoc cref="LinkFrame.IsUnverifiedSource"/>
    public bool IsUnverifiedSource { get; } = isUnverifiedSource;

    /// <summary>Writable, so that it can be decrypted in place.</summary>
    public Span<byte> Payload { get; } = payload;
}
