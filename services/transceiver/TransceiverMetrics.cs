using System.Diagnostics.Metrics;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Sessions;

namespace Dapr.Voice.Transceiver;

/// <summary>
/// Metrics <c>voice.transceiver.*</c>. All are observed: they read counters that the workers keep anyway, so a packet costs nothing more
/// for being counted.
/// </summary>
internal sealed class TransceiverMetrics : IDisposable
{
    private readonly Meter _meter = VoiceTelemetry.CreateMeter("Transceiver");

    public TransceiverMetrics(TransceiverHost host, TransceiverOptions options)
    {
        long Sum(Func<SessionWorker, long> count) => host.Runtime?.Workers.Sum(count) ?? 0;

        _meter.CreateObservableGauge("voice.transceiver.sessions", () => host.Runtime?.Directory.Living ?? 0, "{session}", "Sessions that live here.");
        _meter.CreateObservableGauge(
            "voice.transceiver.codec", () => new Measurement<int>(1, new KeyValuePair<string, object?>("name", options.Codec.Name)), "{codec}",
            "Always 1; the tag says what codes Opus here: libopus or concentus.");
        _meter.CreateObservableGauge("voice.transceiver.slots", () => host.Runtime?.ServedSlots ?? 0, "{slot}", "Slots that are served here.");
        _meter.CreateObservableGauge("voice.transceiver.lateness", () => Lateness(host), "ms", "How late downlink frames leave, over the last ten seconds.");
        _meter.CreateObservableCounter("voice.transceiver.frames", () => host.Runtime?.FramesScheduled ?? 0, "{frame}", "Downlink frames on schedule.");
        _meter.CreateObservableCounter("voice.transceiver.connected", () => host.Runtime?.Directory.Connected ?? 0, "{session}", "Sessions that became connected.");
        _meter.CreateObservableCounter("voice.transceiver.refused", () => host.Runtime?.Directory.Refused ?? 0, "{session}", "Sessions refused: no room, or not our slot.");
        _meter.CreateObservableCounter(
            "voice.transceiver.ended", () => Tagged<SessionEndReason>(reason => host.Runtime?.Directory.EndedFor(reason) ?? 0), "{session}", "Sessions that ended, by reason.");
        _meter.CreateObservableCounter(
            "voice.transceiver.dropped", () => Tagged<SessionDrop>(reason => Sum(w => w.Counters[reason])), "{packet}", "Client packets that no session saw, by reason.");
        _meter.CreateObservableCounter(
            "voice.transceiver.link.dropped", () => Tagged<LinkDrop>(reason => Sum(w => w.LinkDrops[reason])), "{frame}", "Frames thrown away at the link ports, by reason.");
        _meter.CreateObservableCounter("voice.transceiver.link.closed", () => LinkCloses(host), "{connection}", "Connections of links that ended, by reason.");
        _meter.CreateObservableCounter("voice.transceiver.link.audio_dropped", () => Sum(w => w.LinkCounters.SendQueueFull), "{unit}", "Units of audio dropped since a relay did not take them in time.");
        _meter.CreateObservableCounter("voice.transceiver.packets.in", () => Sum(w => w.Counters.PacketsIn), "{packet}", "Client packets handed to sessions.");
        _meter.CreateObservableCounter("voice.transceiver.packets.out", () => Sum(w => w.Counters.PacketsOut), "{packet}", "Packets of sessions sent to relays.");
        _meter.CreateObservableCounter("voice.transceiver.allocated", () => Sum(w => w.Counters.AllocatedBytes), "By", "Bytes that the worker threads allocated; packets add none.");
        _meter.CreateObservableCounter("voice.transceiver.faults", () => Sum(w => w.Counters.SessionFaults + w.Counters.LoopFaults), "{fault}", "Exceptions of our own code.");
        _meter.CreateObservableGauge("voice.transceiver.reports.pending", () => host.Runtime?.PendingReports ?? 0, "{report}", "Records and events that wait for store or broker.");
        _meter.CreateObservableCounter("voice.transceiver.reports.lost", () => host.Runtime?.LostReports ?? 0, "{report}", "Records and events given up.");
        _meter.CreateObservableCounter("voice.transceiver.slots.lost", () => host.Runtime?.Keeper.SlotsLost ?? 0, "{slot}", "Slots that another owner took while they were served here.");
        _meter.CreateObservableGauge("voice.transceiver.links", () => host.Runtime?.Workers.Sum(w => w.LinksUp) ?? 0, "{link}", "Relay links that are up.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> Lateness(TransceiverHost host)
    {
        if (host.Runtime is not { } runtime) yield break;
        foreach (double share in new[] { 0.5, 0.99 }) yield return new(runtime.LatenessMilliseconds(share), new KeyValuePair<string, object?>("quantile", share));
    }

    private static IEnumerable<Measurement<long>> LinkCloses(TransceiverHost host)
        => (host.Runtime?.Workers ?? []).SelectMany(w => w.LinkCloses).GroupBy(c => c.Key, StringComparer.Ordinal)
            .Select(g => new Measurement<long>(g.Sum(c => c.Value), new KeyValuePair<string, object?>("reason", JsonNamingPolicy.SnakeCaseLower.ConvertName(g.Key))))
            .Where(m => m.Value > 0);

    private static IEnumerable<Measurement<long>> Tagged<TReason>(Func<TReason, long> count) where TReason : struct, Enum
    {
        foreach (TReason reason in Enum.GetValues<TReason>())
        {
            if (count(reason) is > 0 and long counted)
                yield return new(counted, new KeyValuePair<string, object?>("reason", JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString())));
        }
    }
}
