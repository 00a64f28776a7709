using System.Buffers;
using System.Runtime.InteropServices;

namespace Dapr.Voice.Transceiver.Agents;

internal enum BackendMessageKind
{
    Connected,
    /// <summary>Audio as PCM16, little endian, 24 kHz, mono.</summary>
    Audio,
    /// <summary>A message longer than <see cref="RealtimeConnection.MaximumMessageBytes"/> was skipped.</summary>
    TooLarge,
    /// <summary>The connection has ended. Nothing follows.</summary>
    Ended,

    // Events. Those without a member of their own are only passed on.

    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    ResponseCreated,
    OutputAudioDone,
    ResponseDone,
    ItemAddedOrDone,
    ItemDeleted,
    TranscriptCompleted,
    /// <summary>An <c>output_audio_buffer.*</c>. Only this side knows what is played, so nobody gets the backend's.</summary>
    OutputBuffer,
    OtherEvent,
}

/// <summary>
/// What a connection gives to the session's thread: already read, so that the session's thread reads no JSON. Whoever takes it returns the
/// buffer with <see cref="Release"/>.
/// </summary>
internal sealed class BackendMessage(BackendMessageKind kind)
{
    private byte[]? _buffer;

    public BackendMessageKind Kind { get; } = kind;
    public string ItemId { get; init; } = "";
    public string ResponseId { get; init; } = "";
    public int ContentIndex { get; init; }

    /// <summary>The type of an event.</summary>
    public string Type { get; init; } = "";
    public bool HasEventId { get; init; }

    /// <summary>The item of <see cref="BackendMessageKind.ItemAddedOrDone"/>, or null if it can't be replayed.</summary>
    public RememberedItem? Item { get; init; }
    public string? PreviousItemId { get; init; }

    /// <summary>The size of <see cref="Item"/>, see <see cref="RememberedItem.Bytes"/>.</summary>
    public int ItemBytes { get; init; }

    /// <summary>The text of <see cref="BackendMessageKind.TranscriptCompleted"/>.</summary>
    public string? Transcript { get; init; }

    /// <summary>Whether the session of an event lets the caller's speech stop the voice. Null if the event has no session.</summary>
    public bool? InterruptsResponse { get; init; }

    /// <summary>Why <see cref="BackendMessageKind.Ended"/>.</summary>
    public BackendFailure Failure { get; init; }

    /// <summary>The size of the message as it came from the backend.</summary>
    public int Length { get; init; }

    /// <summary>The bytes that are kept. None of an event that is too large for the client.</summary>
    public int HeldBytes { get; private set; }

    public ReadOnlySpan<short> Audio => MemoryMarshal.Cast<byte, short>(_buffer.AsSpan(0, HeldBytes));

    /// <summary>Gives the message a buffer of the shared pool.</summary>
    public static BackendMessage ForAudio(byte[] pooled, int bytes, string itemId, string responseId, int contentIndex)
        => new(BackendMessageKind.Audio)
        {
            _buffer = pooled, HeldBytes = bytes, Length = bytes, ItemId = itemId, ResponseId = responseId, ContentIndex = contentIndex,
        };

    /// <summary>Keeps a copy of the event's bytes for the client.</summary>
    public void Hold(ReadOnlySpan<byte> json)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(json.Length);
        json.CopyTo(_buffer);
        HeldBytes = json.Length;
    }

    /// <summary>Passes the event on to the client, or reports that it is too large.</summary>
    public void RelayTo(ClientChannel channel)
    {
        if (_buffer is null) channel.ReportTooLarge(Type, Length);
        else channel.Relay(_buffer.AsSpan(0, HeldBytes), HasEventId);
    }

    public void Release()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
    }
}
