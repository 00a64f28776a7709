using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dapr.Voice.Tests.Fuzz.Corpora;

/// <summary>A session without a network for an agent; it checks that every event it is given is one: JSON with a type and an id.</summary>
internal sealed class FuzzAgentHost : IAgentHost
{
    public int Events { get; private set; }
    public int Errors { get; private set; }
    public bool HasEnded { get; private set; }
    public bool IsOwner => true;
    public SessionDropCounters Drops { get; } = new();
    public DownlinkQueue Downlink { get; } = new(new SessionDropCounters(), 24_000);
    public Instant Now { get; private set; } = Instant.FromMilliseconds(1_000_000);
    public ILogger Logger => NullLogger.Instance;

    public SessionRecord Session { get; } = new()
    {
        CallId = "rtc_local_0123456789abc",
        Region = "local",
        Slot = 0,
        OwnerAppId = "transceiver-00",
        Agent = "echo",
        LocalUfrag = new string('a', 39),
        Offer = new OfferFacts("Kx/5", ["sha-256 AB"], true, "0", 111, null, 1, true, true, 5000, 262_144),
        Answer = new AnswerFacts(1, "c", "m"),
        MaximumSeconds = 60,
        ClientKind = "openai",
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    public JsonElement? Asked => null;

    public void Pass(TimeSpan time) => Now += time;

    public void SendEvent(ReadOnlySpan<byte> utf8Json)
    {
        Events++;
        if (!RealtimeEventHeader.TryRead(utf8Json, out RealtimeEventHeader header) || header.EventId.IsEmpty)
            throw new InvalidOperationException("Not an event: " + Encoding.UTF8.GetString(utf8Json[..Math.Min(500, utf8Json.Length)]));
        var reader = new Utf8JsonReader(utf8Json);
        while (reader.Read()) { }
        if (header.Is("error"u8)) Errors++;
    }

    public void NoteConversation(bool isTurnOver) { }

    public void Post(Action action) => action();

    public void End(SessionEndReason reason, string? detail = null, string? message = null) => HasEnded = true;
}
