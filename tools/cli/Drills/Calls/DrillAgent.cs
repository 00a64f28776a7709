using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Drills.Measures;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Cli.Drills.Calls;

/// <summary>
/// The agent of a drill: a backend of the Realtime WebSocket dialect that never stops talking. It sends numbered frames and messages, and
/// records the caller's. So the two directions are measured apart. It can be taken away and come back. Any thread.
/// </summary>
/// <param name="ownerOf">The name and pid of a process that runs, by the name that it connects with.</param>
internal sealed class DrillAgent(Recorder recorder, int port, Func<string, string?> ownerOf) : IAsyncDisposable
{
    /// <summary>What a caller's session says in its instructions, before its number.</summary>
    public const string CallPrefix = "drill call ";

    /// <summary>The types of the numbered messages. Both sides of the product pass types that they do not know.</summary>
    public const string UpType = "drill.up", DownType = "drill.down";

    /// <summary>The page is no numbered call.</summary>
    public const int PageCall = Findings.PageCall;

    private const int MaximumMessageBytes = 1024 * 1024, FramesPerMessage = 5;
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(20), CloseLimit = TimeSpan.FromSeconds(1);

    /// <summary>The voice runs this far ahead, so that a late timer here is no gap there.</summary>
    private static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<int, int> _connections = new();
    private WebApplication? _web;
    private CancellationTokenSource _ending = new();

    public string Url => $"ws://127.0.0.1:{port}/v1/realtime?model=drill";

    /// <summary>The URL by which a process of that name connects, so that the agent knows who serves a call.</summary>
    public string UrlFor(string process) => $"{Url}&owner={process}";

    /// <summary>The owner of each call's newest connection.</summary>
    public ConcurrentDictionary<int, string> Owners { get; } = new();

    /// <summary>How many connections were opened since the start.</summary>
    public int Opened { get; private set; }

    public async Task StartAsync()
    {
        _ending = new CancellationTokenSource();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        WebApplication web = builder.Build();
        web.UseWebSockets();
        web.MapGet("/v1/realtime", HandleAsync);
        await web.StartAsync(CancellationToken.None);
        _web = web;
    }

    /// <summary>The agent's process is gone: its connections break, and its port is closed.</summary>
    public async Task GoAwayAsync()
    {
        if (_web is not { } web) return;
        _web = null;
        await _ending.CancelAsync();
        using var limit = new CancellationTokenSource(CloseLimit);
        await web.StopAsync(limit.Token);
        await web.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await GoAwayAsync();
        _ending.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }
        string? owner = ownerOf(context.Request.Query["owner"].ToString());
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        Opened++;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, context.RequestAborted);
        var connection = new Connection(this, socket, owner);
        try
        {
            await connection.RunAsync(ending.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException or IOException)
        {
            // The owner is gone, or the agent has to go.
        }
        finally
        {
            connection.NoteClosed();
            socket.Abort();
        }
    }

    /// <summary>One session: it belongs to a call as soon as its first <c>session.update</c> says to which.</summary>
    private sealed class Connection(DrillAgent agent, WebSocket socket, string? owner)
    {
        private readonly SemaphoreSlim _writing = new(1, 1);
        private int? _call;
        private int _number;

        public async Task RunAsync(CancellationToken cancellation)
        {
            await SendAsync(new JsonObject { ["type"] = "session.created", ["event_id"] = "event_0", ["session"] = Session(null) },
                cancellation);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task speaking = Task.CompletedTask;
            byte[] buffer = new byte[64 * 1024];
            int length = 0;
            try
            {
                while (true)
                {
                    ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(length), ended.Token);
                    if (received.MessageType == WebSocketMessageType.Close) return;
                    length += received.Count;
                    if (!received.EndOfMessage)
                    {
                        if (length == MaximumMessageBytes) return;
                        if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(2 * length, MaximumMessageBytes));
                        continue;
                    }
                    if (!TryTakeAudio(buffer.AsSpan(0, length)) && JsonNode.Parse(buffer.AsSpan(0, length)) is JsonObject message)
                    {
                        await OnMessageAsync(message, ended.Token);
                        if (_call is not null && speaking.IsCompleted) speaking = SpeakAsync(ended.Token);
                    }
                    length = 0;
                }
            }
            finally
            {
                await ended.CancelAsync();
                await speaking.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }
        }

        public void NoteClosed()
        {
            if (_call is not { } call) return;
            agent.Record(new HistoryEntry(agent.Now, HistoryKind.AgentClosed) { Call = call, Connection = _number, Owner = owner,
                Text = agent._ending.IsCancellationRequested ? HistoryChecker.AgentDied : null });
        }

        // The transceiver writes exactly this. Parsing 50 messages a second of each call as JSON would cost more than the calls.
        private bool TryTakeAudio(ReadOnlySpan<byte> message)
        {
            ReadOnlySpan<byte> before = "{\"type\":\"input_audio_buffer.append\",\"audio\":\""u8, after = "\"}"u8;
            if (!message.StartsWith(before) || !message.EndsWith(after)) return false;
            ReadOnlySpan<byte> text = message[before.Length..^after.Length];
            double now = agent.Now;
            byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
            if (Base64.DecodeFromUtf8(text, bytes, out _, out int count) != System.Buffers.OperationStatus.Done || _call is not { } call)
                return true;
            agent.Record(new HistoryEntry(now, HistoryKind.HeardUp) { Call = call, Connection = _number, Owner = owner,
                Audio = bytes[..count] });
            return true;
        }

        private async Task OnMessageAsync(JsonObject message, CancellationToken cancellation)
        {
            switch ((string?)message["type"])
            {
                case "session.update":
                    if (_call is null) Join((string?)message["session"]?["instructions"]);
                    await SendAsync(new JsonObject { ["type"] = "session.updated", ["event_id"] = "event_1",
                        ["session"] = Session(message["session"] as JsonObject) }, cancellation);
                    break;
                case UpType when _call is { } call:
                    agent.Record(new HistoryEntry(agent.Now, HistoryKind.GotUp) { Call = call, Connection = _number,
                        Number = (long?)message["n"] });
                    break;
            }
        }

        private void Join(string? instructions)
        {
            _call = instructions is not null && instructions.StartsWith(CallPrefix, StringComparison.Ordinal)
                && int.TryParse(instructions.AsSpan(CallPrefix.Length), out int call) ? call : PageCall;
            _number = agent._connections.AddOrUpdate(_call.Value, 0, (_, last) => last + 1);
            if (owner is not null) agent.Owners[_call.Value] = owner;
            agent.Record(new HistoryEntry(agent.Now, HistoryKind.AgentOpen) { Call = _call, Connection = _number, Owner = owner });
        }

        /// <summary>Sends frames in real time, a little ahead, and after every fifth one a message. Never ends by itself.</summary>
        private async Task SpeakAsync(CancellationToken cancellation)
        {
            string response = $"resp_drill_{_number}", item = $"item_drill_{_number}";
            await SendAsync(new JsonObject { ["type"] = "response.created", ["event_id"] = "event_2",
                ["response"] = new JsonObject { ["id"] = response, ["object"] = "realtime.response", ["status"] = "in_progress",
                    ["output"] = new JsonArray() } }, cancellation);
            short[] pcm = new short[ToneCode.FrameSamples];
            double began = agent.Now - Lead.TotalMilliseconds;
            for (long frame = 0, messages = 0; ; frame++)
            {
                double early = began + frame * Frame.TotalMilliseconds - agent.Now;
                if (early > 0) await Task.Delay(TimeSpan.FromMilliseconds(early), cancellation);
                ToneCode.Write(ToneSymbol.OfDown(frame, _number), pcm);
                await SendAsync(AudioDelta(response, item, pcm), cancellation);
                if (frame % FramesPerMessage != 0 || _call == PageCall) continue;
                agent.Record(new HistoryEntry(agent.Now, HistoryKind.SentDown) { Call = _call, Connection = _number, Number = messages });
                await SendAsync(new JsonObject { ["type"] = DownType, ["event_id"] = $"event_drill_{_number}_{messages}",
                    ["connection"] = _number, ["n"] = messages++ }, cancellation);
            }
        }

        private static byte[] AudioDelta(string response, string item, ReadOnlySpan<short> pcm)
            => Encoding.UTF8.GetBytes(
                $$"""{"type":"response.output_audio.delta","event_id":"event_a","response_id":"{{response}}","item_id":"{{item}}","""
                + $$""" "output_index":0,"content_index":0,"delta":"{{Convert.ToBase64String(MemoryMarshal.AsBytes(pcm))}}"}""");

        private static JsonObject Session(JsonObject? asked)
        {
            JsonObject session = asked?.DeepClone().AsObject() ?? [];
            session["type"] = "realtime";
            session["object"] = "realtime.session";
            session["id"] = "sess_drill";
            session["model"] = "drill";
            return session;
        }

        private Task SendAsync(JsonObject message, CancellationToken cancellation)
            => SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), cancellation);

        private async Task SendAsync(byte[] utf8, CancellationToken cancellation)
        {
            await _writing.WaitAsync(cancellation);
            try
            {
                await socket.SendAsync(utf8.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancellation);
            }
            finally
            {
                _writing.Release();
            }
        }
    }

    private double Now => recorder.Now;

    private void Record(HistoryEntry entry) => recorder.Add(entry);
}
