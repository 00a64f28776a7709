using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dapr.Voice.Transceiver.Drops;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Sends server events on the caller's data channel. Events that come before the channel opens wait, within limits. An event that is too
/// large for the channel is replaced by an <c>error</c> event. Every event gets an <c>event_id</c>, because the OpenAI Agents SDK ignores
/// events without one. One writer and one buffer serve all events of a session.
/// </summary>
internal sealed class ClientChannel : IDisposable
{
    /// <summary>The largest event that is sent or accepted. The a=max-message-size of our answer promises it.</summary>
    public const int MaximumEventBytes = 256 * 1024;

    /// <summary>
    /// How many bytes may wait for the channel. A backend greets with two or three events, and this is room for hundreds.
    /// </summary>
    public const int MaximumPendingBytes = 1024 * 1024;

    // An error event about an event must fit. A client with a smaller maximum still gets events up to this size.
    private const int SmallestMaximumEventBytes = 4096;

    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IAgentHost _host;
    private readonly int _maximumEventBytes;
    private readonly bool _hasChannel;
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly byte[] _eventIdPrefix;
    private List<byte[]>? _pending = [];
    private int _pendingBytes;
    private ulong _sequence;

    public ClientChannel(IAgentHost host)
    {
        _host = host;
        long clientMaximum = host.Session.Offer.MaxMessageSize;
        _maximumEventBytes = clientMaximum is > 0 and < MaximumEventBytes ? Math.Max((int)clientMaximum, SmallestMaximumEventBytes)
            : MaximumEventBytes;
        _hasChannel = host.Session.Offer.SctpPort is not null;
        _json = new Utf8JsonWriter(_buffer, WriterOptions);
        _eventIdPrefix = Encoding.ASCII.GetBytes("event_" + RandomNumberGenerator.GetHexString(12, lowercase: true));
    }

    /// <summary>The number of events that did not fit into <see cref="MaximumPendingBytes"/>.</summary>
    public int DroppedEvents { get; private set; }

    /// <summary>The channel is open. Sends the events that waited.</summary>
    public void Open()
    {
        if (_pending is not { } pending) return;
        _pending = null;
        foreach (byte[] json in pending) _host.SendEvent(json);
        if (DroppedEvents > 0)
            Error("events_dropped", $"{DroppedEvents} events did not fit while the data channel was closed.", errorType: "server_error");
    }

    /// <summary>Reads the header of a client's event. Refuses a message that is too large or is not an event.</summary>
    public bool TryReadEvent(ReadOnlySpan<byte> utf8Json, out RealtimeEventHeader header)
    {
        header = default;
        if (utf8Json.Length > MaximumEventBytes)
        {
            _host.Drops.Count(SessionDrop.ClientMessageTooLong);
            Error("event_too_large", $"An event may have {MaximumEventBytes} bytes.");
            return false;
        }
        if (RealtimeEventHeader.TryRead(utf8Json, out header)) return true;
        _host.Drops.Count(SessionDrop.ClientMessageNotAnEvent);
        Error("invalid_json", "The event is not a JSON object with a type.");
        return false;
    }

    /// <summary>Begins an event of our own. Write its members, then call <see cref="Send"/>.</summary>
    public Utf8JsonWriter Begin(ReadOnlySpan<byte> type)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        Span<byte> eventId = stackalloc byte[MaximumOwnEventIdBytes];
        _json.WriteString("event_id"u8, eventId[..NextEventId(eventId)]);
        _json.WriteString("type"u8, type);
        return _json;
    }

    public void Send()
    {
        _json.WriteEndObject();
        _json.Flush();
        Deliver(_buffer.WrittenSpan);
    }

    /// <summary>Passes a backend's event on unchanged. Adds only an <c>event_id</c> if it is missing.</summary>
    /// <param name="json">One JSON object that has been checked.</param>
    public void Relay(ReadOnlySpan<byte> json, bool hasEventId)
    {
        if (hasEventId)
        {
            Deliver(json);
            return;
        }
        // A checked object begins with '{' after white space. It has a type, so it is not empty.
        int start = json.IndexOf((byte)'{') + 1;
        _buffer.ResetWrittenCount();
        _buffer.Write("{\"event_id\":\""u8);
        Span<byte> eventId = stackalloc byte[MaximumOwnEventIdBytes];
        _buffer.Write(eventId[..NextEventId(eventId)]);
        _buffer.Write("\","u8);
        _buffer.Write(json[start..]);
        Deliver(_buffer.WrittenSpan);
    }

    /// <summary>Sends an <c>error</c> event. The session goes on.</summary>
    /// <param name="clientEventId">The <c>event_id</c> of the client's event that is refused.</param>
    public void Error(string code, string message, string? parameter = null, ReadOnlySpan<byte> clientEventId = default,
        string errorType = "invalid_request_error")
    {
        Utf8JsonWriter json = Begin("error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, errorType);
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        json.WriteString("param"u8, parameter);
        if (clientEventId.IsEmpty) json.WriteNull("event_id"u8);
        else json.WriteString("event_id"u8, clientEventId);
        json.WriteEndObject();
        Send();
    }

    public void Dispose() => _json.Dispose();

    private void Deliver(ReadOnlySpan<byte> json)
    {
        if (!_hasChannel)
        {
            _host.Drops.Count(SessionDrop.ClientEventNoChannel);
            return;
        }
        if (json.Length > _maximumEventBytes)
        {
            _host.Drops.Count(SessionDrop.ClientEventTooLarge);
            Error("event_too_large", $"An event of {json.Length} bytes exceeds the data channel's {_maximumEventBytes}.",
                errorType: "server_error");
            return;
        }
        if (_pending is null)
        {
            _host.SendEvent(json);
        }
        else if (_pendingBytes + json.Length > MaximumPendingBytes)
        {
            DroppedEvents++;
            _host.Drops.Count(SessionDrop.ClientEventQueueFull);
        }
        else
        {
            _pending.Add(json.ToArray());
            _pendingBytes += json.Length;
        }
    }

    private const int MaximumOwnEventIdBytes = 6 + 12 + 1 + 16;

    private int NextEventId(Span<byte> destination)
    {
        _eventIdPrefix.CopyTo(destination);
        destination[_eventIdPrefix.Length] = (byte)'_';
        (++_sequence).TryFormat(destination[(_eventIdPrefix.Length + 1)..], out int digits, "x");
        return _eventIdPrefix.Length + 1 + digits;
    }
}
