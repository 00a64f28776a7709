using System.Globalization;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Contracts;

/// <summary>
/// An event of the fleet on <see cref="Topics.Fleet"/>, as a CloudEvent 1.0 (docs/events.md). The id follows from what happened, so whoever
/// tells it, and how often, it is one event. A subscriber orders the moves of a slot by their epoch. It is published as a session's event
/// is (<see cref="LifecycleEvent"/>).
/// </summary>
public sealed record FleetEvent(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("source")] string Source,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("subject")] string Subject,
    [property: JsonPropertyName("time")] DateTimeOffset Time,
    [property: JsonPropertyName("data")] FleetData Data)
{
    [JsonPropertyName("specversion")] public string SpecVersion { get; init; } = "1.0";
    [JsonPropertyName("datacontenttype")] public string DataContentType { get; init; } = "application/json";

    /// <summary>A transceiver has joined, drains or has left.</summary>
    /// <param name="type">One of the first three of <see cref="FleetEventTypes"/>.</param>
    /// <param name="incarnation">The process.</param>
    /// <param name="source"><c>/voice/{region}/{service}/{instance}</c>.</param>
    public static FleetEvent OfTransceiver(
        string type, string region, string appId, string incarnation, int sessions, string source, DateTimeOffset time)
        => new($"{appId}/{incarnation}/{type.Split('.')[2]}", source, type, appId, time, new FleetData
        {
            Type = type, Time = time, Region = region, Transceiver = appId, Incarnation = incarnation, Sessions = sessions,
        });

    /// <summary>A slot has another owner.</summary>
    /// <param name="from">App id of the owner before. Null if the slot had none.</param>
    /// <param name="epoch">The epoch of the new owner.</param>
    /// <param name="cause">Why, as a word in snake case, such as <c>claimed</c>, <c>takeover</c> or <c>hand_over</c>.</param>
    public static FleetEvent OfSlot(
        string region, int slot, string? from, string to, long epoch, string cause, string source, DateTimeOffset time)
        => new(string.Create(CultureInfo.InvariantCulture, $"slot.{region}.{slot}/{epoch}"), source, FleetEventTypes.SlotMoved,
            string.Create(CultureInfo.InvariantCulture, $"slot.{region}.{slot}"), time, new FleetData
            {
                Type = FleetEventTypes.SlotMoved, Time = time, Region = region, Transceiver = to, Slot = slot, From = from, Epoch = epoch,
                Cause = cause,
            });

    /// <summary>A relay's links to a transceiver are gone, so its sessions use another ingress.</summary>
    /// <param name="relay">The relay's own name, from its links.</param>
    /// <param name="loss">Distinguishes this loss from an earlier one of the same relay.</param>
    public static FleetEvent OfIngress(
        string region, string appId, string incarnation, string relay, long loss, int sessions, string source, DateTimeOffset time)
        => new(string.Create(CultureInfo.InvariantCulture, $"{appId}/{incarnation}/ingress_lost/{relay}/{loss}"), source,
            FleetEventTypes.IngressLost, relay, time, new FleetData
            {
                Type = FleetEventTypes.IngressLost, Time = time, Region = region, Transceiver = appId, Incarnation = incarnation,
                Relay = relay, Sessions = sessions,
            });
}

/// <summary>
/// What an event of the fleet tells. docs/fleet-events.schema.json describes it, and a test compares the two. A field that its type does
/// not have is null.
/// </summary>
public sealed record FleetData
{
    public required string Type { get; init; }
    public required DateTimeOffset Time { get; init; }
    public required string Region { get; init; }

    /// <summary>App id of the transceiver that the event is about: for a slot, its new owner.</summary>
    public required string Transceiver { get; init; }

    /// <summary>The process of the transceiver.</summary>
    public string? Incarnation { get; init; }

    /// <summary>The number of sessions that it had.</summary>
    public int? Sessions { get; init; }
    public int? Slot { get; init; }

    /// <summary>App id of the slot's owner before. Null if it had none.</summary>
    public string? From { get; init; }
    public long? Epoch { get; init; }
    public string? Cause { get; init; }
    public string? Relay { get; init; }
}

/// <summary>Every type of event on <see cref="Topics.Fleet"/>.</summary>
public static class FleetEventTypes
{
    public const string TransceiverJoined = "voice.transceiver.joined.v1";
    public const string TransceiverDraining = "voice.transceiver.draining.v1";
    public const string TransceiverLeft = "voice.transceiver.left.v1";
    public const string SlotMoved = "voice.slot.moved.v1";
    public const string IngressLost = "voice.ingress.lost.v1";
}
