using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Relay;

/// <summary>The relay's instruments. The workers' own counters are read when a collector asks, so a packet pays for none of it.</summary>
internal sealed class RelayMetrics : IDisposable
{
    private static readonly KeyValuePair<string, object?>[] VerdictTags = [.. Enum.GetValues<Verdict>().Select(v => new KeyValuePair<string, object?>("verdict", v.ToString()))];

    private static readonly KeyValuePair<string, object?>[] LinkDropTags = [.. Enum.GetValues<LinkDrop>().Select(d => new KeyValuePair<string, object?>("reason", d.ToString()))];

    private static readonly KeyValuePair<string, object?>[] TcpCloseTags = [.. Enum.GetValues<TcpClose>().Select(r => new KeyValuePair<string, object?>("reason", r.ToString()))];

    private readonly Meter _meter = VoiceTelemetry.CreateMeter("Relay");
    private readonly Counter<long> _failedTurns;
    private ImmutableArray<RelayWorker> _workers = [];

    public RelayMetrics()
    {
        _meter.CreateObservableCounter("voice.relay.packets", Packets, "{packet}", "Packets by what became of them");
        _meter.CreateObservableGauge("voice.relay.flows", () => _workers.Sum(w => w.FlowCount), "{flow}", "Clients' addresses known");
        _meter.CreateObservableGauge("voice.relay.links", () => _workers.Sum(w => w.LinkCount), "{link}", "Links to transceivers that are up");
        _meter.CreateObservableCounter("voice.relay.link_drops", LinkDrops, "{frame}", "Frames that links threw away");
        _meter.CreateObservableCounter("voice.relay.kernel_drops", () => Sockets(c => c.KernelDrops, c => c.KernelDrops), "{packet}", "Packets the kernel dropped before the relay took them");
        _meter.CreateObservableCounter("voice.relay.send_errors", () => Sockets(c => c.SendErrors + c.SendQueueFull, c => c.SendErrors + c.SendQueueFull), "{packet}", "Packets the kernel did not take");
        _meter.CreateObservableCounter("voice.relay.link_closes", LinkCloses, "{connection}", "Connections of links that ended, by reason");
        _meter.CreateObservableGauge("voice.relay.tcp_connections", () => _workers.Sum(w => w.TcpCounters?.Open ?? 0), "{connection}", "TCP connections of clients");
        _meter.CreateObservableCounter("voice.relay.tcp_closes", TcpCloses, "{connection}", "TCP connections of clients that ended");
        _meter.CreateObservableCounter("voice.relay.tcp_media_dropped", TcpMediaDropped, "{packet}", "Audio that a client over TCP did not take in time");
        _meter.CreateObservableCounter("voice.relay.tcp_accept_pauses", () => _workers.Sum(w => w.TcpCounters?.AcceptPauses ?? 0), "{pause}", "Times no connection could be taken: no descriptors or memory left");
        _failedTurns = _meter.CreateCounter<long>("voice.relay.failed_turns", "{turn}", "Turns of a worker that ended in an exception");
    }

    public void Add(RelayWorker worker) => ImmutableInterlocked.Update(ref _workers, (workers, added) => workers.Add(added), worker);

    public void CountFailedTurn() => _failedTurns.Add(1);

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> Packets()
    {
        foreach (var verdict in Enum.GetValues<Verdict>())
        {
            long count = _workers.Sum(w => w.Verdicts[verdict]);
            if (count > 0) yield return new Measurement<long>(count, VerdictTags[(int)verdict]);
        }
    }

    /// <summary>A link that is taken away takes its counts along: collectors see a reset, as with a restart.</summary>
    private IEnumerable<Measurement<long>> LinkDrops()
    {
        foreach (var reason in Enum.GetValues<LinkDrop>())
        {
            long count = _workers.Sum(w => w.LinkDrops(reason));
            if (count > 0) yield return new Measurement<long>(count, LinkDropTags[(int)reason]);
        }
    }

    private IEnumerable<Measurement<long>> LinkCloses()
        => _workers.SelectMany(w => w.LinkCloses).GroupBy(c => c.Key, StringComparer.Ordinal)
            .Select(g => new Measurement<long>(g.Sum(c => c.Value), new KeyValuePair<string, object?>("reason", g.Key)))
            .Where(m => m.Value > 0);

    private IEnumerable<Measurement<long>> TcpCloses()
    {
        foreach (var reason in Enum.GetValues<TcpClose>())
        {
            long count = _workers.Sum(w => w.TcpCloses(reason));
            if (count > 0) yield return new Measurement<long>(count, TcpCloseTags[(int)reason]);
        }
    }

    private IEnumerable<Measurement<long>> TcpMediaDropped() =>
    [
        new(_workers.Sum(w => w.TcpCounters?.MediaTooOld ?? 0), new KeyValuePair<string, object?>("reason", "TooOld")),
        new(_workers.Sum(w => w.TcpCounters?.MediaNoRoom ?? 0), new KeyValuePair<string, object?>("reason", "NoRoom")),
    ];

    private IEnumerable<Measurement<long>> Sockets(Func<UdpSocketCounters, long> ofPublic, Func<LinkTransportCounters, long> ofLinks) =>
    [
        new(_workers.Sum(w => w.PublicCounters is { } counters ? ofPublic(counters) : 0), new KeyValuePair<string, object?>("socket", "public")),
        new(_workers.Sum(w => ofLinks(w.LinkCounters(LinkScheme.Udp))), new KeyValuePair<string, object?>("socket", "private")),
        new(_workers.Sum(w => ofLinks(w.LinkCounters(LinkScheme.Tcp))), new KeyValuePair<string, object?>("socket", "private_tcp")),
    ];
}
