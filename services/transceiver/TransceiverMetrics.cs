using System.Diagnostics.Metrics;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Sessions;

namespace Dapr.Voice.Transceiver;

/// <summary>
/// The instruments of the meter <c>Dapr.Voice.Transceiver</c>. docs/telemetry.md lists them. They read the workers' own counters when a
/// collector asks, so that a packet costs nothing extra.
/// </summary>
internal sealed class TransceiverMetrics : IDisposable
{
    private readonly Meter _meter = VoiceTelemetry.CreateMeter("Transceiver");

    public TransceiverMetrics(TransceiverHost host, TransceiverOptions options)
    {
        long Sum(Func<SessionWorker, long> count) => host.Runtime?.Workers.Sum(count) ?? 0;

        Gauge("voice.transceiver.sessions", () => host.Runtime?.Directory.Living ?? 0, "{session}", "Sessions that live here.");
        Gauge(
            "voice.transceiver.unproven", () => host.Runtime?.Unproven.Count ?? 0, "{session}", "Sessions whose caller has not come yet.");
        Counter(
            "voice.transceiver.unproven.evictions", () => host.Runtime?.Unproven.Evicted ?? 0, "{record}",
            "Records of unproven sessions that gave way to newer ones.");
        Counter(
            "voice.transceiver.unproven.losses", () => host.Runtime?.Unproven.Unwatched ?? 0, "{session}",
            "Unproven sessions that nobody ends, because too many waited.");
        Counter(
            "voice.transceiver.agent.releases", () => Sum(w => w.Counters.AgentReleases), "{session}",
            "Agents released because nothing arrived from the caller.");
        _meter.CreateObservableGauge(
            "voice.transceiver.codec", () => new Measurement<int>(1, new KeyValuePair<string, object?>("name", options.Codec.Name)),
            "{codec}",
            "Always 1; the tag says what codes Opus here: libopus or concentus.");
        Counter("voice.transceiver.connects", () => host.Runtime?.Directory.Connected ?? 0, "{session}", "Sessions that became connected.");
        Counter(
            "voice.transceiver.refusals", () => host.Runtime?.Directory.Refused ?? 0, "{session}",
            "Sessions refused: no room, or not our slot.");
        Counters(
            "voice.transceiver.takeovers", () => Takeovers(host), "{session}",
            "Sessions that moved between transceivers: resumed here, lost to another one, or handed over to it.");
        Counters(
            "voice.transceiver.checkpoints",
            () => Tagged<CheckpointOutcome>(outcome => host.Runtime?.Checkpoints.Count(outcome) ?? 0, "outcome"), "{checkpoint}",
            "Checkpoints of sessions that were to be written.");
        Gauge(
            "voice.transceiver.checkpoint.backlog", () => host.Runtime?.Checkpoints.Pending ?? 0, "{checkpoint}",
            "Checkpoints that wait to be written or deleted.");
        Counter(
            "voice.transceiver.checkpoint.cuts", () => host.Runtime?.Checkpoints.CutItems ?? 0, "{item}",
            "Conversation items that were left out of a checkpoint, because it would have been too large.");
        Counters(
            "voice.transceiver.ends", () => Tagged<SessionEndReason>(reason => host.Runtime?.Directory.EndedFor(reason) ?? 0), "{session}",
            "Sessions that ended.");
        Gauge("voice.transceiver.slots", () => host.Runtime?.ServedSlots ?? 0, "{slot}", "Slots that are served here.");
        Counter(
            "voice.transceiver.slot.losses", () => host.Runtime?.Keeper.SlotsLost ?? 0, "{slot}",
            "Slots that another owner took while they were served here.");
        _meter.CreateObservableGauge(
            "voice.transceiver.lateness", () => Lateness(host), "s", "How late downlink frames leave, over the last ten seconds.");
        Counter("voice.transceiver.frames", () => host.Runtime?.FramesScheduled ?? 0, "{frame}", "Downlink frames on schedule.");
        Counters("voice.transceiver.packets", () =>
            [
                new(Sum(w => w.Counters.PacketsIn), new KeyValuePair<string, object?>("direction", "in")),
                new(Sum(w => w.Counters.PacketsOut), new KeyValuePair<string, object?>("direction", "out")),
            ], "{packet}", "Packets of clients that sessions received, and packets of sessions that were sent.");
        Counters(
            "voice.transceiver.drops", () => Tagged<SessionDrop>(reason => Sum(w => w.Counters.Drops[reason])), "{item}",
            "Packets, frames, messages and events given up between a relay's link and an agent's backend.");
        Gauge("voice.transceiver.links", () => host.Runtime?.Workers.Sum(w => w.LinksUp) ?? 0, "{link}", "Links to relays that are up.");
        Counters(
            "voice.transceiver.link.drops", () => Tagged<LinkDrop>(reason => Sum(w => w.LinkDrops[reason])), "{frame}",
            "Frames dropped at the link ports.");
        Counters("voice.transceiver.link.closes", () => LinkCloses(host), "{connection}", "Connections of links that ended.");
        Counter(
            "voice.transceiver.link.audio_drops", () => Sum(w => w.LinkCounters.SendQueueFull), "{packet}",
            "Audio packets that a relay did not read in time.");
        Gauge(
            "voice.transceiver.report.backlog", () => host.Runtime?.PendingReports ?? 0, "{report}",
            "Records and events that wait for the store or the broker.");
        Counter(
            "voice.transceiver.report.losses", () => host.Runtime?.LostReports ?? 0, "{report}",
            "Records and events that were given up.");
        Counter(
            "voice.transceiver.allocations", () => Sum(w => w.Counters.AllocatedBytes), "By",
            "Bytes that the worker threads allocated; packets add none.");
        Counter(
            "voice.transceiver.faults", () => Sum(w => w.Counters.SessionFaults + w.Counters.LoopFaults), "{fault}",
            "Exceptions of our own code.");
    }

    public void Dispose() => _meter.Dispose();

    private void Gauge(string name, Func<long> value, string unit, string description)
        => _meter.CreateObservableGauge(name, value, unit, description);

    private void Counter(string name, Func<long> value, string unit, string description)
        => _meter.CreateObservableCounter(name, value, unit, description);

    private void Counters(string name, Func<IEnumerable<Measurement<long>>> values, string unit, string description)
        => _meter.CreateObservableCounter(name, values, unit, description);

    private static IEnumerable<Measurement<double>> Lateness(TransceiverHost host)
    {
        if (host.Runtime is not { } runtime) yield break;
        foreach (double share in new[] { 0.5, 0.99 })
            yield return new(runtime.LatenessMilliseconds(share) / 1000, new KeyValuePair<string, object?>("quantile", share));
    }

    private static IEnumerable<Measurement<long>> LinkCloses(TransceiverHost host)
        => (host.Runtime?.Workers ?? []).SelectMany(w => w.LinkCloses).GroupBy(c => c.Key, StringComparer.Ordinal)
            .Select(g => new Measurement<long>(g.Sum(c => c.Value), MetricTag.OfMember("reason", g.Key)))
            .Where(m => m.Value > 0);

    private static IEnumerable<Measurement<long>> Takeovers(TransceiverHost host)
    {
        if (host.Runtime?.Directory is not { } directory) yield break;
        yield return new(directory.Resumed, new KeyValuePair<string, object?>("kind", "resumed"));
        yield return new(directory.Lost, new KeyValuePair<string, object?>("kind", "lost"));
        yield return new(directory.HandedOver, new KeyValuePair<string, object?>("kind", "handed_over"));
    }

    private static IEnumerable<Measurement<long>> Tagged<TReason>(Func<TReason, long> count, string tag = "reason")
        where TReason : struct, Enum
    {
        foreach (TReason reason in Enum.GetValues<TReason>())
        {
            if (count(reason) is > 0 and long counted) yield return new(counted, MetricTag.Of(tag, reason));
        }
    }
}
