using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dapr.Voice.LocalAgent.Dialogue;
using Dapr.Voice.LocalAgent.Hearing;
using Dapr.Voice.LocalAgent.Speaking;

namespace Dapr.Voice.LocalAgent.Realtime;

/// <summary>
/// One conversation over one WebSocket, on the server's side of the Realtime dialect. Everything that changes it runs in one loop: the
/// client's events, recognised speech, and speech to be sent. Only the loop writes to the socket.
/// </summary>
internal sealed partial class RealtimeSession
{
    // Half a minute of audio in one append, or instructions of that size.
    private const int MaximumMessageBytes = 2 * 1024 * 1024;

    // The number of client events that may wait for the loop. When it is reached, the socket is not read, and TCP slows the client down.
    private const int MaximumWaitingInputs = 64;

    // The speech that may wait for the loop: one second.
    private const int MaximumWaitingSpeech = 16;

    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(2);

    // Without this option, a duplicate name would be found only when it is read.
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    private readonly WebSocket _socket;
    private readonly LocalAgentOptions _options;
    private readonly SpeechSynthesizer _synthesizer;
    private readonly SpeechRecognizer _recognizer;
    private readonly TimeProvider _time;
    private readonly SessionSettings _settings;
    private readonly Conversation _conversation = new();
    private readonly Responder _responder;
    private readonly AudioInput _input = new();
    private readonly ArrayBufferWriter<byte> _outgoing = new();
    private readonly Channel<Func<Task>> _inputs = Channel.CreateBounded<Func<Task>>(MaximumWaitingInputs);
    private readonly Channel<Func<Task>> _speech = Channel.CreateBounded<Func<Task>>(MaximumWaitingSpeech);
    private CancellationToken _ended;
    private Task<bool>? _inputReady;
    private Task<bool>? _speechReady;

    public RealtimeSession(WebSocket socket, string model, LocalAgentOptions options, SpeechSynthesizer synthesizer,
        SpeechRecognizer recognizer, TimeProvider time)
    {
        _socket = socket;
        _options = options;
        _synthesizer = synthesizer;
        _recognizer = recognizer;
        _time = time;
        _settings = new SessionSettings(model);
        _responder = new Responder(time);
        Id = _settings.Copy()["id"].Text()!;
    }

    public string Id { get; }

    /// <summary>The number of turns that the caller has had.</summary>
    public int Turns { get; private set; }

    public static JsonObject ErrorBody(string type, string code, string message, string? parameter, string? clientEventId) => new()
    {
        ["error"] = new JsonObject { ["type"] = type, ["code"] = code, ["message"] = message, ["param"] = parameter,
            ["event_id"] = clientEventId },
    };

    /// <summary>Returns when the client has gone, the time is up, or the process stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        ended.CancelAfter(TimeSpan.FromMinutes(_options.MaximumSessionMinutes));
        _ended = ended.Token;
        Task reading = ReadAsync();
        try
        {
            await SendAsync("session.created", new JsonObject { ["session"] = _settings.Copy() });
            while (await NextAsync() is { } work) await work();
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException or InvalidOperationException
        && (_ended.IsCancellationRequested || _socket.State != WebSocketState.Open))
        {
            // The client went away during an operation, or the process has to stop.
        }
        finally
        {
            _active?.Stop();
            await CloseAsync();
            await ended.CancelAsync();
            await reading;
            _active?.Dispose();
        }
    }

    /// <summary>
    /// Returns the next action. The client's events come before speech, so that an interruption does not wait behind it. Returns null when
    /// the client has gone.
    /// </summary>
    private async ValueTask<Func<Task>?> NextAsync()
    {
        while (true)
        {
            if (_inputs.Reader.TryRead(out Func<Task>? work) || _speech.Reader.TryRead(out work)) return work;
            if (_inputReady is null or { IsCompleted: true }) _inputReady = _inputs.Reader.WaitToReadAsync(_ended).AsTask();
            if (_speechReady is null or { IsCompleted: true }) _speechReady = _speech.Reader.WaitToReadAsync(_ended).AsTask();
            await Task.WhenAny(_inputReady, _speechReady);
            if (_inputReady.IsCompleted && !await _inputReady) return null;
            if (_speechReady.IsCanceled) return null;
        }
    }

    private async Task ReadAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int length = 0;
            while (true)
            {
                ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer.AsMemory(length), _ended);
                if (received.MessageType == WebSocketMessageType.Close) break;
                length += received.Count;
                if (!received.EndOfMessage)
                {
                    if (length < buffer.Length) continue;
                    if (buffer.Length >= MaximumMessageBytes)
                    {
                        await _inputs.Writer.WriteAsync(RefuseTooLargeAsync, _ended);
                        break;
                    }
                    byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                    continue;
                }
                JsonObject? clientEvent = Parse(buffer.AsSpan(0, length));
                length = 0;
                await _inputs.Writer.WriteAsync(() => OnClientEventAsync(clientEvent), _ended);
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException)
        {
            // The client went away without closing the WebSocket.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _inputs.Writer.TryComplete();
        }
    }

    private static JsonObject? Parse(ReadOnlySpan<byte> message)
    {
        try
        {
            return JsonNode.Parse(message, null, s_strict) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task RefuseTooLargeAsync()
        => await SendErrorAsync("message_too_large", $"A message has at most {MaximumMessageBytes} bytes.", null, null);

    private async Task CloseAsync()
    {
        if (_socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived)) return;
        try
        {
            using var timeout = new CancellationTokenSource(s_closeTimeout);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException)
        {
            // There is nobody to tell.
        }
    }

    /// <summary>Sends one server event. This object owns <paramref name="fields"/> from here on.</summary>
    private async Task SendAsync(string type, JsonObject fields)
    {
        _outgoing.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_outgoing))
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            writer.WriteString("event_id", RealtimeIds.Next("event_"));
            foreach ((string name, JsonNode? value) in fields)
            {
                writer.WritePropertyName(name);
                if (value is null) writer.WriteNullValue();
                else value.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        await _socket.SendAsync(_outgoing.WrittenMemory, WebSocketMessageType.Text, endOfMessage: true, _ended);
    }

    private Task SendErrorAsync(string code, string message, string? parameter, string? clientEventId)
        => SendAsync("error", ErrorBody("invalid_request_error", code, message, parameter, clientEventId));

    /// <summary>Brings the result of work on another thread back into the loop.</summary>
    private async Task PostAsync(Func<Task> work)
    {
        try
        {
            await _inputs.Writer.WriteAsync(work, _ended);
        }
        catch (Exception over) when (over is OperationCanceledException or ChannelClosedException)
        {
            // The conversation has ended.
        }
    }
}
