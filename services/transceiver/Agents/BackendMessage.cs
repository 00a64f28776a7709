using System.Buffers;

namespace Dapr.Voice.Transceiver.Agents;

internal enum BackendMessageKind
{
    Connected,
    /// <summary>A checked JSON object with a type.</summary>
    Event,
    /// <summary>PCM16 little endian, 24 kHz mono.</summary>
    Audio,
    /// <summary>A message beyond <see cref="RealtimeConnection.MaximumMessageBytes"/> was skipped.</summary>
    TooLarge,
    /// <summary>The connection is over; nothing follows.</summary>
    Ended,
}

/// <summary>Why a connection to a backend is over.</summary>
internal enum BackendEnd
{
    None,
    /// <summary>The upgrade was answered with a status that another attempt won't change.</summary>
    Refused,
    /// <summary>No TCP, TLS or upgrade within the deadline.</summary>
    Unreachable,
    /// <summary>The backend said goodbye.</summary>
    Closed,
    /// <summary>Broken, or silent beyond the keep-alive.</summary>
    Lost,
    /// <summary>We ended it.</summary>
    Disposed,
}

/// <summary>What a connection hands to the session's thread. Who takes it returns the buffer by <see cref="Release"/>.</summary>
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
