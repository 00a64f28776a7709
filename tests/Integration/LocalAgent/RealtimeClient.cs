using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Dapr.Voice.Tests.Integration.LocalAgent;

/// <summary>A client of the Realtime dialect that keeps every event it received.</summary>
public sealed class RealtimeClient(ClientWebSocket socket) : IDisposable
{
    private const int FrameSamples = 480;

    private readonly byte[] _buffer = new byte[256 * 1024];

    public List<JsonObject> Events { get; } = [];

    public ClientWebSocket Socket => socket;

    public IEnumerable<string> Types => Events.Select(e => (string)e["type"]!);

    public Task SendAsync(string json)
        => socket.SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text, true, CancellationToken.None);

    /// <summary>Appends audio in frames of 20 ms as fast as possible. The agent measures time by the audio.</summary>
    public async Task AppendAsync(params short[][] parts)
    {
        foreach (short[] part in parts)
        {
            for (int at = 0; at < part.Length; at += FrameSamples)
            {
                short[] frame = new short[FrameSamples];
                part.AsSpan(at, Math.Min(FrameSamples, part.Length - at)).CopyTo(frame);
                string audio = Convert.ToBase64String(MemoryMarshal.AsBytes(frame.AsSpan()));
                await SendAsync($$"""{"type":"input_audio_buffer.append","audio":"{{audio}}"}""");
            }
        }
    }

    public static short[] Silence(int milliseconds) => new short[milliseconds * 24];

    /// <summary>Reads events until one of this type arrives.</summary>
    public async Task<JsonObject> ReadUntilAsync(string type, Func<JsonObject, bool>? condition = null)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            JsonObject received = await ReadAsync(deadline.Token);
            if ((string)received["type"]! == type && (condition is null || condition(received))) return received;
        }
    }

    /// <summary>Reads the events of the session's start, so that a test begins with its own events.</summary>
    public async Task<RealtimeClient> StartedAsync()
    {
        await ReadUntilAsync("session.created");
        Events.Clear();
        return this;
    }

    public short[] AudioOf(string responseId)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (JsonObject? delta in Events.Where(
            e => (string)e["type"]! == "response.output_audio.delta" && (string)e["response_id"]! == responseId))
            bytes.Write(Convert.FromBase64String((string)delta["delta"]!));
        return MemoryMarshal.Cast<byte, short>(bytes.WrittenSpan).ToArray();
    }

    public string? Transcript => (string?)Events.Last(
        e => (string)e["type"]! == "conversation.item.input_audio_transcription.completed")["transcript"];

    public void Dispose() => socket.Dispose();

    private async Task<JsonObject> ReadAsync(CancellationToken cancelled)
    {
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(_buffer.AsMemory(length), cancelled);
            Assert.NotEqual(WebSocketMessageType.Close, part.MessageType);
            length += part.Count;
            if (part.EndOfMessage) break;
        }
        var received = (JsonObject)JsonNode.Parse(_buffer.AsSpan(0, length))!;
        Assert.StartsWith("event_", (string?)received["event_id"], StringComparison.Ordinal);
        Events.Add(received);
        return received;
    }
}
