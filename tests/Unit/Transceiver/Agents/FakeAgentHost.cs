using System.Collections.Concurrent;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

/// <summary>
/// A session without a caller: the test's thread is the worker thread, time moves by hand, events are kept as parsed JSON.
/// </summary>
internal sealed class FakeAgentHost : IAgentHost, IDisposable
{
    private readonly BlockingCollection<Action> _posted = [];
    private readonly short[] _frame = new short[AudioFormat.FrameSamples];
    private bool _wasPlaying;

    public FakeAgentHost(string? session = null, long maxMessageSize = 262_144, int? sctpPort = 5000)
    {
        Downlink = new DownlinkQueue(Drops);
        Asked = session is null ? null : JsonDocument.Parse(session).RootElement;
        Session = new SessionRecord
        {
            CallId = "rtc_local_aaaaaaaaaaaaa",
            Region = "local",
            Slot = 1,
            OwnerAppId = "transceiver-00",
            Agent = "test",
            LocalUfrag = "hint",
            Offer = new OfferFacts("ufrag", ["sha-256 AB"], true, "0", 111, null, 1, true, true, sctpPort, maxMessageSize),
            Answer = new AnswerFacts(2, "cname", "stream track"),
            MaximumSeconds = 60,
            ClientKind = "openai",
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
    }

    public List<JsonElement> Events { get; } = [];
    public int EventBytes { get; private set; }
    public List<short> Spoken { get; } = [];
    public bool IsOwner { get; set; } = true;
    public SessionDropCounters Drops { get; } = new();
    public DownlinkQueue Downlink { get; }
    public SessionRecord Session { get; }
    public JsonElement? Asked { get; }
    public ILogger Logger => NullLogger.Instance;
    public Instant Now { get; set; } = Instant.FromMilliseconds(1000);
    public SessionEndReason Ended { get; private set; }
    public string? EndDetail { get; private set; }
    public string? EndMessage { get; private set; }

    public IEnumerable<string> Types => Events.Select(TypeOf);
    public JsonElement Last(string type) => Events.Last(e => TypeOf(e) == type);

    public void SendEvent(ReadOnlySpan<byte> utf8Json)
    {
        EventBytes += utf8Json.Length;
        JsonElement e = JsonDocument.Parse(utf8Json.ToArray()).RootElement;
        Assert.False(string.IsNullOrEmpty(e.GetProperty("event_id").GetString()), "without event_id the SDK ignores an event");
        Events.Add(e);
    }

    /// <summary>How often the conversation changed, and how many of the changes ended a turn.</summary>
    public (int All, int TurnsOver) Changes { get; set; }

    public void NoteConversation(bool isTurnOver) => Changes = (Changes.All + 1, Changes.TurnsOver + (isTurnOver ? 1 : 0));

    public void Post(Action action) => _posted.Add(action);

    public void End(SessionEndReason reason, string? detail = null, string? message = null)
    {
        if (Ended == SessionEndReason.None) (Ended, EndDetail, EndMessage) = (reason, detail, message);
    }

    /// <summary>Runs what I/O tasks posted until the condition holds; fails after 20 s.</summary>
    public void RunUntil(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            while (!condition()) _posted.Take(deadline.Token)();
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Not seen in time: {what}. Events: {string.Join(", ", Types)}");
        }
    }

    /// <summary>Runs the next thing that I/O tasks posted; fails after 20 s.</summary>
    public void RunOne(string what)
    {
        Assert.True(_posted.TryTake(out Action? action, TimeSpan.FromSeconds(20)), $"Nothing was posted in time: {what}");
        action!();
    }

    public void RunUntilEvent(string type) => RunUntil(() => Types.Contains(type), type);

    /// <summary>What <see cref="MediaPump"/> does with the downlink, for some slots of 20 ms.</summary>
    public void Play(Agent agent, int slots)
    {
        for (int i = 0; i < slots; i++)
        {
            if (Downlink.TryTake(_frame, out DownlinkItem? item))
            {
                _wasPlaying = true;
                Spoken.AddRange(_frame);
                agent.OnPlayed(item!, Now);
            }
            else if (_wasPlaying && Downlink.IsEmpty)
            {
                _wasPlaying = false;
                agent.OnDrained(Now);
            }
            Now += AudioFormat.FrameDuration;
        }
    }

    public void Dispose()
    {
        Downlink.Dispose();
        _posted.Dispose();
    }

    public static string TypeOf(JsonElement e) => e.GetProperty("type").GetString()!;
}
