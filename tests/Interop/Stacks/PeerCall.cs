using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Interop.Stacks;

/// <summary>One call of a peer: what the peer said about it, and what it can be told. Thread-safe.</summary>
internal sealed class PeerCall(PeerProcess peer, int id)
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(20);
    private static readonly string[] EndedStates = ["disconnected", "failed", "closed", "closing"];

    private readonly List<(JsonObject Line, long At)> _lines = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The call's id in our API.</summary>
    public string CallId { get; private set; } = "";

    /// <summary>When the events channel opened (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public long ConnectedAt { get; private set; }

    /// <summary>How many lines the peer has printed about the call: a place to search from.</summary>
    public int Position
    {
        get { lock (_lines) return _lines.Count; }
    }

    public void Send(JsonObject command)
    {
        command["id"] = id;
        peer.Send(command);
    }

    public void Add(JsonObject line, long at)
    {
        TaskCompletionSource more;
        lock (_lines)
        {
            _lines.Add((line, at));
            (more, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        more.SetResult();
    }

    public async Task ConnectedAsync()
    {
        (JsonObject answered, long _) = await LineAsync(line => Is(line, "answered"), 0, ConnectLimit, "an answer");
        CallId = (string)answered["call"]!;
        (JsonObject _, ConnectedAt) = await LineAsync(
            line => Is(line, "channel") && (string?)line["state"] == "open", 0, ConnectLimit, "an open channel");
    }

    /// <summary>Waits for a server event.</summary>
    public async Task<JsonObject> EventAsync(string type, int from, TimeSpan limit)
    {
        (JsonObject line, long _) = await LineAsync(line => IsEvent(line, type), from, limit, type);
        return line["event"]!.AsObject();
    }

    /// <summary>Waits until the peer's API says that the call is over, and returns when it did.</summary>
    public async Task<long> EndedAsync(int from, TimeSpan limit)
        => (await LineAsync(line => HasEnded(line), from, limit, "the end of the call")).At;

    /// <summary>Whether the peer's API has said that the call is over.</summary>
    public bool IsOver
    {
        get { lock (_lines) return _lines.Exists(l => HasEnded(l.Line)); }
    }

    /// <summary>Waits for a line about this call.</summary>
    /// <exception cref="InvalidOperationException">The peer printed an error or a refusal, or nothing within the limit.</exception>
    public async Task<(JsonObject Line, long At)> LineAsync(Predicate<JsonObject> isWanted, int from, TimeSpan limit, string what)
    {
        long end = Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency);
        for (int at = from; ;)
        {
            Task more;
            lock (_lines)
            {
                for (; at < _lines.Count; at++)
                {
                    if (isWanted(_lines[at].Line)) return _lines[at];
                    if (Is(_lines[at].Line, "error")) throw new InvalidOperationException((string)_lines[at].Line["message"]!);
                    if (Is(_lines[at].Line, "refused")) throw new InvalidOperationException("refused: " + (string)_lines[at].Line["body"]!);
                }
                more = _more.Task;
            }
            TimeSpan left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), end);
            if (left <= TimeSpan.Zero || await Task.WhenAny(more, Task.Delay(left)) != more)
                throw new InvalidOperationException($"no {what} within {limit.TotalSeconds:0} s; the peer said: {Summary()}");
        }
    }

    public static bool Is(JsonObject line, string at) => (string?)line["at"] == at;

    public static bool IsEvent(JsonObject line, string type) => Is(line, "event") && (string?)line["event"]!["type"] == type;

    private static bool HasEnded(JsonObject line)
        => (Is(line, "state") || Is(line, "channel")) && EndedStates.Contains((string?)line["state"], StringComparer.Ordinal);

    private string Summary()
    {
        lock (_lines)
            return string.Join(", ", _lines.TakeLast(12)
                .Select(l => $"{l.Line["at"]} {l.Line["state"] ?? l.Line["event"]?["type"]}".Trim()));
    }
}
