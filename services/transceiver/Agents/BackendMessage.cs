using System.Buffers;

namespace Dapr.Voice.Transceiver.Agents;

internal enum BackendMessageKind
{
    Connected,
    /// <summary>A checked JSON object with a type.</summary>
    Event,
    /// <summary>Audio as PCM16, little endian, 24 kHz, mono.</summary>
    Audio,
    /// <summary>A message longer than <see cref="RealtimeConnection.MaximumMessageBytes"/> was skipped.</summary>
    TooLarge,
    /// <summary>The connection has ended. Nothing follows.</summary>
    Ended,
}

/// <summary>Why a connection to a backend ended.</summary>
internal enum BackendEnd
{
    None,
    /// <summary>The backend answered the upgrade with a status that another attempt would not change.</summary>
    Refused,
    /// <summary>TCP, TLS and the upgrade were not complete within the deadline.</summary>
    Unreachable,
    /// <summary>The backend closed the connection.</summary>
    Closed,
    /// <summary>The connection broke, or was silent for longer than the keep-alive allows.</summary>
    Lost,
    /// <summary>This side closed the connection.</summary>
    Disposed,
}

/// <summary>What a connection gives to the session's thread. Whoever takes it returns the buffer with <see cref="Release"/>.</summary>
internal readonly record struct BackendMessage(BackendMessageKind Kind)
{
    public byte[]? Buffer { get; init; }
    public int Length { get; init; }
    public string ItemId { get; init; } = "";
    public string ResponseId { get; init; } = "";
    public int ContentIndex { get; init; }
    public BackendEnd End { get; init; }

    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);

    public void Release()
    {
        if (Buffer is not null) ArrayPool<byte>.Shared.Return(Buffer);
    }
}
