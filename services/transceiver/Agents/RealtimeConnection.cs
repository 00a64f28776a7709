using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using Dapr.Voice.Hosting;
using Dapr.Voice.Transceiver.Drops;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// One WebSocket to a Realtime backend, with its I/O on separate tasks. The session's thread sends and takes messages and never blocks. All
/// queues are limited in bytes. A backend that sends too fast is slowed down by TCP. A backend that does not read loses audio first.
/// </summary>
internal sealed class RealtimeConnection : IDisposable
{
    /// <summary>65 s of audio in one delta. Larger messages are skipped, whatever they are.</summary>
    public const int MaximumMessageBytes = 4 * 1024 * 1024;

    /// <summary>
    /// The bytes that were read from the socket and not taken by the session yet: two of the largest messages, or 32,768 of the smallest.
    /// </summary>
    public const int MaximumInboundBytes = 2 * MaximumMessageBytes;

    // What a waiting message costs in addition to its bytes: its place in the queue, the rounding of its buffer, and its ids. So an empty
    // message has a cost, too.
    private const int BytesPerMessage = 256;

    /// <summary>The bytes of events that may wait to be sent: sixteen of the largest events.</summary>
    public const int MaximumOutboundBytes = 16 * ClientChannel.MaximumEventBytes;

    /// <summary>2 s of the caller's voice may wait while the backend is away or does not read. More would only arrive too late.</summary>
    public const int MaximumOutboundAudioFrames = 100;

    /// <summary>Larger events are masked and encrypted by another thread than that of all calls of the worker.</summary>
    public const int MaximumDirectBytes = 4096;

    /// <summary>
    /// A backend that ends may have read an event and not acknowledged it yet: an acknowledgement may wait for 200 ms, and travels. Such an
    /// event counts as sent.
    /// </summary>
    public static readonly TimeSpan InDoubt = TimeSpan.FromMilliseconds(400);

    private const int FirstReceiveBytes = 32 * 1024;
    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OwnershipPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan CloseDeadline = TimeSpan.FromSeconds(1);

    private readonly Uri _url;
    private readonly string? _apiKey;
    private readonly TimeSpan _connectDeadline;
    private volatile SessionDropCounters _drops;
    private volatile Action _onInbound;
    private readonly string? _traceparent;
    private readonly int _relayLimit;
    private volatile Func<bool> _maySend;

    // This is not disposed. Dispose() starts its timer, and the tasks may still read the token then. It holds no other resource.
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Outbound> _outbound = Channel.CreateUnbounded<Outbound>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentQueue<BackendMessage> _inbound = new();
    private readonly SemaphoreSlim _inboundRoom = new(0);
    private readonly List<byte[]> _unsent = [];

    // What the kernel has and the other machine may not have yet, in order. Whoever uses it has its lock.
    private readonly Queue<Sent> _sent = new();
    private volatile BackendStream? _stream;

    // Events that the session sends after the end and before it takes the message of the end. Used by the session's thread only.
    private readonly List<byte[]> _late = [];
    private int _lateBytes;
    private int _outboundBytes;
    private int _outboundAudioFrames;

    // Messages in the queue or on the way from there to the socket.
    private int _queued;

    // What the session's thread writes itself. Whoever changes them has the lock.
    private readonly Lock _directLock = new();
    private (ClientWebSocket Socket, CancellationToken Running)? _directTo;
    private Task _direct = Task.CompletedTask;
    private int _inboundBytes;
    private int _isNotified;
    private volatile bool _isDisposed;

    // Used by the receiving task only.
    private string _itemId = "";
    private string _responseId = "";
    private int _contentIndex;
    private int _oddByte = -1;

    /// <param name="onInbound">Called on any thread when <see cref="TryTake"/> has something again after it had nothing.</param>
    /// <param name="traceparent">The session's trace. The connection becomes part of it.</param>
    /// <param name="maySend">Asked before each message, on any thread. While it says no, everything waits. Null for always.</param>
    /// <param name="relayLimit">The bytes of events that are larger are not kept. Their types and ids are.</param>
    public RealtimeConnection(
        Uri url, string? apiKey, TimeSpan connectDeadline, SessionDropCounters drops, Action onInbound, string? traceparent = null,
        int relayLimit = ClientChannel.MaximumEventBytes, Func<bool>? maySend = null)
    {
        _url = url;
        _apiKey = apiKey;
        _connectDeadline = connectDeadline;
        _drops = drops;
        _onInbound = onInbound;
        _traceparent = traceparent;
        _relayLimit = relayLimit;
        _maySend = maySend ?? (static () => true);
    }

    /// <summary>The bytes that wait to be taken. Reading stops above <see cref="MaximumInboundBytes"/>.</summary>
    public int InboundBytes => Volatile.Read(ref _inboundBytes);

    /// <param name="delay">The wait before connecting. What is queued meanwhile is sent after the greeting and the items.</param>
    /// <param name="greeting">The first event.</param>
    /// <param name="items">What was said on the connection before, in order. Each must be replayable.</param>
    public void Start(TimeSpan delay, byte[] greeting, IReadOnlyList<RememberedItem> items)
        => _ = Task.Run(() => RunAsync(delay, greeting, items), CancellationToken.None);

    /// <summary>Gives a connection that was opened ahead to its session. Its messages have waited.</summary>
    /// <inheritdoc cref="RealtimeConnection(Uri, string?, TimeSpan, SessionDropCounters, Action, string?, int, Func{bool}?)"/>
    public void Attach(SessionDropCounters drops, Action onInbound, Func<bool> maySend)
    {
        SessionDropCounters before = _drops;
        (_drops, _maySend, _onInbound) = (drops, maySend, onInbound);
        foreach (SessionDrop reason in Enum.GetValues<SessionDrop>()) drops.Count(reason, before[reason]);
        // A message that came in this moment has called the one before.
        onInbound();
    }

    /// <summary>
    /// The events that were not sent, or that the other machine has not acknowledged for longer than <see cref="InDoubt"/>, in order, for
    /// the next connection. Read it after <see cref="BackendMessageKind.Ended"/> was taken.
    /// </summary>
    public IReadOnlyList<byte[]> Unsent => [.. _unsent, .. _late];

    /// <summary>
    /// Sends a copy of one event, or queues it if others wait or if it is large (<see cref="MaximumDirectBytes"/>). Returns false if too
    /// much waits. The kernel has an event that was not queued when this returns. So it reaches the backend even if this process is killed
    /// right after the client's packet is acknowledged.
    /// </summary>
    public bool TrySendEvent(ReadOnlySpan<byte> utf8Json)
    {
        if (Volatile.Read(ref _outboundBytes) + _lateBytes + utf8Json.Length > MaximumOutboundBytes) return false;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(utf8Json.Length);
        utf8Json.CopyTo(buffer);
        var outbound = new Outbound(buffer, utf8Json.Length, IsAudio: false);
        if (TrySendDirectly(outbound) || Send(outbound)) return true;
        _late.Add(utf8Json.ToArray());
        _lateBytes += utf8Json.Length;
        return true;
    }

    /// <summary>Queues one <c>input_audio_buffer.append</c>.</summary>
    public void SendAudio(ReadOnlySpan<short> pcm)
    {
        if (Volatile.Read(ref _outboundAudioFrames) >= MaximumOutboundAudioFrames)
        {
            _drops.Count(SessionDrop.AgentAudioQueueFull);
            return;
        }
        ReadOnlySpan<byte> before = "{\"type\":\"input_audio_buffer.append\",\"audio\":\""u8;
        ReadOnlySpan<byte> after = "\"}"u8;
        // PCM16 is little endian on the wire. The machines that this runs on are little endian, too.
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(pcm);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(before.Length + Base64.GetMaxEncodedToUtf8Length(bytes.Length) + after.Length);
        before.CopyTo(buffer);
        Base64.EncodeToUtf8(bytes, buffer.AsSpan(before.Length), out _, out int encoded);
        after.CopyTo(buffer.AsSpan(before.Length + encoded));
        if (!Send(new Outbound(buffer, before.Length + encoded + after.Length, IsAudio: true))) CountUnsent();
    }

    /// <summary>Takes the next message, in order. The caller releases it.</summary>
    public bool TryTake([NotNullWhen(true)] out BackendMessage? message)
    {
        if (!_inbound.TryDequeue(out message))
        {
            // This is a full fence. With a volatile write alone, the read below could happen first, and a message in between would wake
            // nobody.
            Interlocked.Exchange(ref _isNotified, 0);
            if (!_inbound.TryDequeue(out message)) return false;
            Interlocked.Exchange(ref _isNotified, 1);
        }
        int cost = Cost(message);
        int left = Interlocked.Add(ref _inboundBytes, -cost);
        if (left <= MaximumInboundBytes && left + cost > MaximumInboundBytes) _inboundRoom.Release();
        return true;
    }

    /// <summary>Closes the connection and returns at once. The tasks end within a second.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _outbound.Writer.TryComplete();
        _stop.CancelAfter(CloseDeadline);
        while (TryTake(out BackendMessage? message)) message.Release();
    }

    private bool TrySendDirectly(Outbound outbound)
    {
        if (outbound.Length > MaximumDirectBytes) return false;
        lock (_directLock)
        {
            if (_directTo is not { } to || Volatile.Read(ref _queued) > 0 || !_direct.IsCompleted || !_maySend()) return false;
            Interlocked.Add(ref _outboundBytes, outbound.Length);
            _direct = SendDirectlyAsync(to.Socket, outbound, to.Running);
            return true;
        }
    }

    private async Task SendDirectlyAsync(ClientWebSocket socket, Outbound outbound, CancellationToken running)
    {
        try
        {
            await SendTextAsync(socket, outbound.Buffer.AsMemory(0, outbound.Length), running).ConfigureAwait(false);
            NoteSent(outbound);
        }
        catch (Exception broken) when (IsEnd(broken))
        {
            // The receiving task sees the same end and reports it.
            NoteUnsent(outbound);
            socket.Abort();
        }
        finally
        {
            Interlocked.Add(ref _outboundBytes, -outbound.Length);
            ArrayPool<byte>.Shared.Return(outbound.Buffer);
        }
    }

    /// <summary>From now on everything is queued. Completes when nothing is written directly any more.</summary>
    private Task EndDirectAsync()
    {
        lock (_directLock)
        {
            _directTo = null;
            return _direct;
        }
    }

    private bool Send(Outbound outbound)
    {
        Interlocked.Increment(ref _queued);
        if (!_outbound.Writer.TryWrite(outbound))
        {
            Interlocked.Decrement(ref _queued);
            ArrayPool<byte>.Shared.Return(outbound.Buffer);
            return false;
        }
        if (outbound.IsAudio) Interlocked.Increment(ref _outboundAudioFrames);
        else Interlocked.Add(ref _outboundBytes, outbound.Length);
        return true;
    }

    private async Task RunAsync(TimeSpan delay, byte[] greeting, IReadOnlyList<RememberedItem> items)
    {
        BackendFailure? end = BackendFailure.Lost;
        Task sending = Task.CompletedTask;
        using var socket = new ClientWebSocket();
        using var running = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        try
        {
            await Task.Delay(delay, _stop.Token).ConfigureAwait(false);
            end = await ConnectAsync(socket).ConfigureAwait(false);
            if (end is not null) return;
            Enqueue(new BackendMessage(BackendMessageKind.Connected));
            sending = SendAsync(socket, greeting, items, running.Token);
            end = await ReceiveAsync(socket, running.Token).ConfigureAwait(false);
            // The backend closed the connection, and the sender answers that.
            _outbound.Writer.TryComplete();
            running.CancelAfter(CloseDeadline);
        }
        catch (Exception broken) when (IsEnd(broken))
        {
            end ??= BackendFailure.Lost;
            await running.CancelAsync().ConfigureAwait(false);
        }
        finally
        {
            _outbound.Writer.TryComplete();
            await EndDirectAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(false);
            TakeUnacknowledged();
            while (_outbound.Reader.TryRead(out Outbound unsent))
            {
                NoteUnsent(unsent);
                ArrayPool<byte>.Shared.Return(unsent.Buffer);
            }
            Enqueue(new BackendMessage(BackendMessageKind.Ended)
            {
                Failure = _isDisposed ? BackendFailure.Disposed : end ?? BackendFailure.Lost,
            });
        }
    }

    /// <returns>Null if it is connected.</returns>
    private async Task<BackendFailure?> ConnectAsync(ClientWebSocket socket)
    {
        ClientWebSocketOptions options = socket.Options;
        options.KeepAliveInterval = KeepAliveInterval;
        options.KeepAliveTimeout = KeepAliveTimeout;
        options.CollectHttpResponseDetails = true;
        if (_apiKey is not null) options.SetRequestHeader("Authorization", $"Bearer {_apiKey}");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        deadline.CancelAfter(_connectDeadline);
        using Activity? span = TransceiverTrace.Source.Start("voice.transceiver.agent_connection", _traceparent);
        span?.SetTag("server.address", _url.Host).SetTag("server.port", _url.Port);
        BackendFailure? failure = null;
        using var handler = new SocketsHttpHandler
        {
            UseProxy = !_url.IsLoopback,
            UseCookies = false,
            ConnectCallback = async (context, token)
                => _stream = await BackendStream.ConnectAsync(context.DnsEndPoint, token).ConfigureAwait(false),
        };
        try
        {
            using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
            await socket.ConnectAsync(_url, invoker, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception failed) when (failed is WebSocketException or OperationCanceledException)
        {
            failure = socket.HttpStatusCode == default ? BackendFailure.Of(failed) : BackendFailure.Answered(socket.HttpStatusCode);
            span?.SetStatus(ActivityStatusCode.Error);
        }
        span?.SetTag("voice.outcome", failure is { } known ? MetricTag.Word(known.End) : "connected");
        return failure;
    }

    private async Task SendAsync(
        ClientWebSocket socket, byte[] greeting, IReadOnlyList<RememberedItem> items, CancellationToken cancellation)
    {
        try
        {
            await SendTextAsync(socket, greeting, cancellation).ConfigureAwait(false);
            foreach (RememberedItem item in items)
                await SendTextAsync(socket, item.ToCreateEvent(), cancellation).ConfigureAwait(false);
            lock (_directLock) _directTo = (socket, cancellation);
            await foreach (Outbound outbound in _outbound.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                bool isSent = false;
                try
                {
                    await _direct.ConfigureAwait(false);
                    while (!_maySend()) await Task.Delay(OwnershipPause, cancellation).ConfigureAwait(false);
                    await SendTextAsync(socket, outbound.Buffer.AsMemory(0, outbound.Length), cancellation).ConfigureAwait(false);
                    isSent = true;
                    NoteSent(outbound);
                }
                finally
                {
                    if (!isSent) NoteUnsent(outbound);
                    if (outbound.IsAudio) Interlocked.Decrement(ref _outboundAudioFrames);
                    else Interlocked.Add(ref _outboundBytes, -outbound.Length);
                    ArrayPool<byte>.Shared.Return(outbound.Buffer);
                    Interlocked.Decrement(ref _queued);
                }
            }
            await EndDirectAsync().ConfigureAwait(false);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation).ConfigureAwait(false);
        }
        catch (Exception broken) when (IsEnd(broken))
        {
            // The receiving task sees the same end and reports it.
            socket.Abort();
        }
    }

    private static bool IsEnd(Exception broken)
        => broken is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException;

    private static ValueTask SendTextAsync(ClientWebSocket socket, ReadOnlyMemory<byte> utf8, CancellationToken cancellation)
        => socket.SendAsync(utf8, WebSocketMessageType.Text, endOfMessage: true, cancellation);

    private async Task<BackendFailure> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstReceiveBytes);
        try
        {
            int length = 0;
            bool isSkipping = false;
            while (true)
            {
                if (length == buffer.Length && !isSkipping)
                {
                    isSkipping = length >= MaximumMessageBytes;
                    if (!isSkipping) buffer = Grow(buffer, length);
                }
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(isSkipping ? 0 : length), cancellation)
                    .ConfigureAwait(false);
                if (received.MessageType == WebSocketMessageType.Close) return BackendFailure.Closed(socket.CloseStatus);
                if (received.MessageType == WebSocketMessageType.Binary) isSkipping = true;
                if (!isSkipping) length += received.Count;
                if (!received.EndOfMessage) continue;
                if (!isSkipping) Accept(buffer.AsSpan(0, length));
                else if (received.MessageType == WebSocketMessageType.Binary) _drops.Count(SessionDrop.AgentMessageBinary);
                else
                {
                    _drops.Count(SessionDrop.AgentMessageTooLarge);
                    Enqueue(new BackendMessage(BackendMessageKind.TooLarge));
                }
                length = 0;
                isSkipping = false;
                // One very large message is no reason to keep its buffer.
                if (buffer.Length > 16 * FirstReceiveBytes)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(FirstReceiveBytes);
                }
                while (Volatile.Read(ref _inboundBytes) > MaximumInboundBytes)
                    await _inboundRoom.WaitAsync(cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // What waits when its own session ends is not counted as a drop.
    private void CountUnsent()
    {
        if (!_isDisposed) _drops.Count(SessionDrop.AgentConnectionLost);
    }

    private void NoteUnsent(in Outbound unsent)
    {
        if (unsent.IsAudio) CountUnsent();
        else _unsent.Add(unsent.Buffer.AsSpan(0, unsent.Length).ToArray());
    }

    private void NoteSent(in Outbound outbound)
    {
        if (outbound.IsAudio || _stream is not { } stream) return;
        lock (_sent)
        {
            long acknowledged = stream.Acknowledged;
            while (_sent.TryPeek(out Sent? oldest) && oldest.End <= acknowledged) _sent.Dequeue();
            if (stream.Written <= acknowledged) return;
            byte[] copy = outbound.Buffer.AsSpan(0, outbound.Length).ToArray();
            _sent.Enqueue(new Sent(copy, stream.Written, Stopwatch.GetTimestamp()));
        }
    }

    // What could not even be written comes after it.
    private void TakeUnacknowledged()
    {
        if (_stream is not { } stream) return;
        lock (_sent)
        {
            long acknowledged = stream.Acknowledged;
            Sent[] left = [.. _sent.Where(sent => sent.End > acknowledged)];
            _sent.Clear();
            // Bytes are acknowledged in order. So if the first of these events has not come, none has.
            if (left.Length > 0 && Stopwatch.GetElapsedTime(left[0].At) > InDoubt) _unsent.InsertRange(0, left.Select(sent => sent.Event));
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(2 * buffer.Length, MaximumMessageBytes));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private void Accept(ReadOnlySpan<byte> message)
    {
        if (!RealtimeEventHeader.TryRead(message, out RealtimeEventHeader header))
        {
            _drops.Count(SessionDrop.AgentMessageMalformed);
            return;
        }
        if (header.Is("response.output_audio.delta"u8) || header.Is("response.audio.delta"u8))
        {
            AcceptAudio(header);
            return;
        }
        Enqueue(BackendReader.Read(message, header, _relayLimit));
    }

    private void AcceptAudio(RealtimeEventHeader header)
    {
        // A delta arrives about every 100 ms, and its ids are nearly always those of the delta before.
        if (!IsText(header.ItemId, _itemId) || !IsText(header.ResponseId, _responseId) || header.ContentIndex != _contentIndex)
        {
            _itemId = header.ItemIdText;
            _responseId = header.ResponseIdText;
            _contentIndex = header.ContentIndex;
            _oddByte = -1;
        }
        // A delta may end in the middle of a sample. The other half comes first in the next delta.
        int carried = _oddByte >= 0 ? 1 : 0;
        byte[] pcm = ArrayPool<byte>.Shared.Rent(Base64.GetMaxDecodedFromUtf8Length(header.Delta.Length) + 1);
        if (carried == 1) pcm[0] = (byte)_oddByte;
        if (Base64.DecodeFromUtf8(header.Delta, pcm.AsSpan(carried), out _, out int decoded) != OperationStatus.Done)
        {
            _drops.Count(SessionDrop.AgentMessageMalformed);
            ArrayPool<byte>.Shared.Return(pcm);
            return;
        }
        int length = carried + decoded;
        _oddByte = length % 2 == 1 ? pcm[length - 1] : -1;
        Enqueue(BackendMessage.ForAudio(pcm, length & ~1, _itemId, _responseId, _contentIndex));
    }

    private static bool IsText(ReadOnlySpan<byte> utf8, string text)
        => utf8.Length == text.Length && Ascii.Equals(utf8, text);

    private void Enqueue(BackendMessage message)
    {
        if (_isDisposed)
        {
            message.Release();
            return;
        }
        Interlocked.Add(ref _inboundBytes, Cost(message));
        _inbound.Enqueue(message);
        if (Interlocked.Exchange(ref _isNotified, 1) == 0) _onInbound();
    }

    private static int Cost(BackendMessage message)
        => message.HeldBytes + message.ItemBytes + sizeof(char) * (message.Transcript?.Length ?? 0) + BytesPerMessage;

    /// <param name="End">How many bytes of the connection had been written after it.</param>
    private sealed record Sent(byte[] Event, long End, long At);

    private readonly record struct Outbound(byte[] Buffer, int Length, bool IsAudio);
}
