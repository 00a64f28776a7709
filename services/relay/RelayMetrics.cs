using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Relay;

/// <summary>
/// The instruments of the meter <c>Dapr.Voice.Relay</c>. docs/telemetry.md lists them. They read the workers' own counters when a collector
/// asks, so that a packet costs nothing extra.
/// </summary>
internal sealed class RelayMetrics : IDisposable
{
    private readonly Meter _meter = VoiceTelemetry.CreateMeter("Relay");
    private readonly Counter<long> _faults;
    private ImmutableArray<RelayWorker> _workers = [];

    public RelayMetrics()
    {
        _meter.CreateObservableCounter(
            "voice.relay.packets", () => Tagged<Verdict>("verdict", (w, verdict) => w.Verdicts[verdict]), "{packet}",
            "Packets by what became of them.");
        _meter.CreateObservableGauge(
            "voice.relay.flows", () => _workers.Sum(w => w.FlowCount), "{flow}", "Addresses of clients that are known.");
        _meter.CreateObservableGauge(
            "voice.relay.links", () => _workers.Sum(w => w.LinkCount), "{link}", "Links to transceivers that are up.");
        // A link that is removed takes its counts with it. Collectors see a counter reset, as after a restart.
        _meter.CreateObservableCounter(
            "voice.relay.link.drops", () => Tagged<LinkDrop>("reason", (w, reason) => w.LinkDrops(reason)), "{frame}",
            "Frames that links dropped.");
        _meter.CreateObservableCounter("voice.relay.link.closes", LinkCloses, "{connection}", "Connections of links that ended.");
        _meter.CreateObservableCounter(
            "voice.relay.socket.drops", () => Sockets(c => c.KernelDrops, c => c.KernelDrops), "{packet}",
            "Packets that the kernel dropped before the relay could read them.");
        _meter.CreateObservableCounter(
            "voice.relay.socket.refusals", () => Sockets(c => c.SendErrors + c.SendQueueFull, c => c.SendErrors + c.SendQueueFull),
            "{packet}",
            "Packets that the kernel refused to send.");
        _meter.CreateObservableGauge(
            "voice.relay.tcp.connections", () => _workers.Sum(w => w.TcpCounters?.Open ?? 0), "{connection}",
            "TCP connections of clients.");
        _meter.CreateObservableCounter(
            "voice.relay.tcp.closes", () => Tagged<TcpClose>("reason", (w, reason) => w.TcpCloses(reason)), "{connection}",
            "TCP connections of clients that ended.");
        _meter.CreateObservableCounter(
            "voice.relay.tcp.drops", TcpDrops, "{packet}", "Audio packets that a client over TCP did not read in time.");
        _meter.CreateObservableCounter(
            "voice.relay.tcp.accept_pauses", () => _workers.Sum(w => w.TcpCounters?.AcceptPauses ?? 0), "{pause}",
            "Pauses in accepting connections, because descriptors or memory ran out.");
        _faults = _meter.CreateCounter<long>(
            "voice.relay.faults", "{fault}", "Turns of a worker that ended in an exception of our own code.");
    }

    public void Add(RelayWorker worker) => ImmutableInterlocked.Update(ref _workers, (workers, added) => workers.Add(added), worker);

    public void CountFailedTurn() => _faults.Add(1);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Tagged<T>(string tag, Func<RelayWorker, T, long> count) where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            long sum = _workers.Sum(w => count(w, value));
            if (sum > 0) yield return new Measurement<long>(sum, MetricTag.Of(tag, value));
        }
    }

    private IEnumerable<Measurement<long>> LinkCloses()
        => _workers.SelectMany(w => w.LinkCloses).GroupBy(c => c.Key, StringComparer.Ordinal)
            .Select(g => new Measurement<long>(g.Sum(c => c.Value), MetricTag.OfMember("reason", g.Key)))
            .Where(m => m.Value > 0);

    private IEnumerable<Measurement<long>> TcpDrops() =>
    [
        new(_workers.Sum(w => w.TcpCounters?.MediaTooOld ?? 0), new KeyValuePair<string, object?>("reason", "too_old")),
        new(_workers.Sum(w => w.TcpCounters?.MediaNoRoom ?? 0), new KeyValuePair<string, object?>("reason", "no_room")),
    ];

    private IEnumerable<Measurement<long>> Sockets(Func<UdpSocketCounters, long> ofPublic, Func<LinkTransportCounters, long> ofLinks) =>
    [
        new(_workers.Sum(w => w.PublicCounters is { } counters ? ofPublic(counters) : 0),
            new KeyValuePair<string, object?>("socket", "public")),
        new(_workers.Sum(w => ofLinks(w.LinkCounters(LinkScheme.Udp))), new KeyValuePair<string, object?>("socket", "private")),
        new(_workers.Sum(w => ofLinks(w.LinkCounters(LinkScheme.Tcp))), new KeyValuePair<string, object?>("socket", "private_tcp")),
    ];
}
