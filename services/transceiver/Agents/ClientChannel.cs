using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dapr.Voice.Contracts;
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

    private const int BytesOfRelay = 64;

    private readonly IAgentHost _host;
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly byte[] _eventIdPrefix;
    private readonly byte[] _requestEventId = new byte[RealtimeEventHeader.MaximumIdBytes];
    private int _requestEventIdBytes;
    private List<byte[]>? _pending = [];
    private int _pendingBytes;
    private ulong _sequence;

    public ClientChannel(IAgentHost host)
    {
        _host = host;
        SendLimit = SendLimitOf(host.Session);
        Exists = host.Session.Offer.SctpPort is not null;
        _json = new Utf8JsonWriter(_buffer, WriterOptions);
        _eventIdPrefix = Encoding.ASCII.GetBytes("event_" + RandomNumberGenerator.GetHexString(12, lowercase: true));
    }

    /// <summary>False if the client offered no data channel. Events are then only counted.</summary>
    public bool Exists { get; }

    /// <summary>True after <see cref="Open"/>.</summary>
    public bool IsOpen => _pending is null;

    /// <summary>The largest event in bytes that this client accepts.</summary>
    public int SendLimit { get; }

    /// <summary>The largest event of a backend that certainly fits after <see cref="Relay"/>.</summary>
    public int RelayLimit => SendLimit - BytesOfRelay;

    /// <summary>The same for a session without a channel here.</summary>
    public static int RelayLimitOf(SessionRecord record) => SendLimitOf(record) - BytesOfRelay;

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

    /// <summary>
    /// Reads the header of a client's event. Refuses a message that is too large or is not an event. Until <see cref="EndRequest"/>, errors
    /// carry the event's <c>event_id</c>.
    /// </summary>
    public bool TryBeginRequest(ReadOnlySpan<byte> utf8Json, out RealtimeEventHeader header)
    {
        header = default;
        if (utf8Json.Length > MaximumEventBytes)
        {
            _host.Drops.Count(SessionDrop.ClientMessageTooLong);
            NoteRequest(RealtimeEventHeader.ReadEventId(utf8Json));
            Error("event_too_large", $"An event may have {MaximumEventBytes} bytes.");
            return false;
        }
        if (RealtimeEventHeader.TryRead(utf8Json, out header))
        {
            NoteRequest(header.EventId);
            return true;
        }
        _host.Drops.Count(SessionDrop.ClientMessageNotAnEvent);
        NoteRequest(RealtimeEventHeader.ReadEventId(utf8Json));
        Error("invalid_json", "The event is not a JSON object with a type.");
        return false;
    }

    /// <summary>The client's event has its answer.</summary>
    public void EndRequest() => _requestEventIdBytes = 0;

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

    /// <summary>Reports an event that is too large for this client, in place of the event.</summary>
    /// <param name="type">The type of the event, or empty if it is not known.</param>
    public void ReportTooLarge(string type, int bytes)
    {
        _host.Drops.Count(SessionDrop.ClientEventTooLarge);
        string what = type.Length == 0 ? "An event" : $"The event {type}";
        Error("event_too_large", $"{what} of {bytes} bytes exceeds the data channel's {SendLimit}.", errorType: "server_error");
    }

    /// <summary>
    /// Sends an <c>error</c> event, with the <c>event_id</c> of the client's event that is being answered, if any. The session goes on.
    /// </summary>
    public void Error(string code, string message, string? parameter = null, string errorType = "invalid_request_error")
    {
        Utf8JsonWriter json = Begin("error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, errorType);
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, message);
        json.WriteString("param"u8, parameter);
        if (_requestEventIdBytes == 0) json.WriteNull("event_id"u8);
        else json.WriteString("event_id"u8, _requestEventId.AsSpan(0, _requestEventIdBytes));
        json.WriteEndObject();
        Send();
    }

    /// <inheritdoc cref="Agent.SayEnd"/>
    public void SendEnd(SessionEndReason reason, string? message)
    {
        // The error is about no event of the client, even if one of them has ended the session.
        EndRequest();
        Error(SessionEnding.Code(reason), message ?? SessionEnding.Sentence(reason), errorType: SessionEnding.ErrorType);
    }

    public void Dispose() => _json.Dispose();

    private void NoteRequest(ReadOnlySpan<byte> eventId)
    {
        eventId.CopyTo(_requestEventId);
        _requestEventIdBytes = eventId.Length;
    }

    private void Deliver(ReadOnlySpan<byte> json)
    {
        if (!Exists)
        {
            _host.Drops.Count(SessionDrop.ClientEventNoChannel);
            return;
        }
        if (json.Length > SendLimit)
        {
            ReportTooLarge(RealtimeEventHeader.ReadType(json), json.Length);
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

    private static int SendLimitOf(SessionRecord record)
        => record.Offer.MaxMessageSize is > 0 and < MaximumEventBytes and var maximum
            ? Math.Max((int)maximum, SmallestMaximumEventBytes) : MaximumEventBytes;
}
