using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.Steering;

/// <summary>
/// Learns from the state store where the region's transceivers listen. Only that: which slots they hold they say on the link. While
/// the store is away the last list stays, and a transceiver that is missing from it is kept for as long as it answers.
/// </summary>
internal sealed partial class TransceiverDiscovery(
    RelayOptions options, FleetOptions fleet, TransceiverDirectory directory, IStateStore store, TimeProvider time, ILogger<TransceiverDiscovery> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Clocks differ, and a transceiver whose sidecar hangs is not dead: its record is believed a while longer than it says.</summary>
    private static readonly TimeSpan LeaseGrace = TimeSpan.FromSeconds(10);

    private readonly string[] _keys = [.. Enumerable.Range(0, fleet.MaximumShards).Select(shard => StateKeys.Transceiver(fleet.Region, shard))];
    private readonly Dictionary<string, IReadOnlyList<TransportAddress>> _known = new(StringComparer.Ordinal);
    private bool _isStoreAway;

    /// <summary>Asks once and tells the workers.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        var read = await store.GetBulkAsync(ComponentNames.Sessions, _keys, ContractsJson.Default.TransceiverRecord, cancellation);
        bool isAway = read.Outcome != StateReadOutcome.Found;
        if (isAway != _isStoreAway)
        {
            _isStoreAway = isAway;
            if (isAway) LogStoreAway(logger, read.Outcome, read.ErrorCode);
            else LogStoreBack(logger);
        }
        if (isAway) return;
        foreach (string key in _keys)
        {
            if (read.FailedKeys.Contains(key)) continue;
            if (read.Entries.TryGetValue(key, out var entry) && entry.Value is { } record && record.LeaseUntil + LeaseGrace > time.GetUtcNow()) _known[key] = await ResolveAsync(record, cancellation);
            else _known.Remove(key);
        }
        var endpoints = TransceiverDirectory.Configured(options).Concat(_known.Values.SelectMany(e => e)).ToList();
        if (directory.Set(endpoints)) LogEndpoints(logger, endpoints.Count);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
                await timer.WaitForNextTickAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // This look is given up; the workers keep the list they have.
                LogLookFailed(logger, e);
                await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<IReadOnlyList<TransportAddress>> ResolveAsync(TransceiverRecord record, CancellationToken cancellation)
    {
        var endpoints = new List<TransportAddress>();
        foreach (string link in record.Links)
        {
            if (!Uri.TryCreate(link, UriKind.Absolute, out var uri) || uri.Scheme != "udp" || uri.Port is <= 0 or > 65_535)
            {
                LogBadEndpoint(logger, record.Shard);
                continue;
            }
            try
            {
                var addresses = IPAddress.TryParse(uri.DnsSafeHost, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(uri.DnsSafeHost, cancellation).WaitAsync(Interval, time, cancellation);
                if (addresses.Length > 0) endpoints.Add(TransportAddress.From(new IPEndPoint(addresses[0], uri.Port)));
            }
            catch (Exception e) when (e is SocketException or TimeoutException)
            {
                LogBadEndpoint(logger, record.Shard);
            }
        }
        return endpoints;
    }

    [LoggerMessage(1, LogLevel.Information, "Transceivers: {Endpoints} link endpoints")]
    private static partial void LogEndpoints(ILogger logger, int endpoints);

    [LoggerMessage(2, LogLevel.Warning, "The state store does not say where transceivers are ({Outcome} {ErrorCode}); the known ones are kept")]
    private static partial void LogStoreAway(ILogger logger, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(3, LogLevel.Information, "The state store answers")]
    private static partial void LogStoreBack(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "Shard {Shard} names a link endpoint that is none")]
    private static partial void LogBadEndpoint(ILogger logger, int shard);

    [LoggerMessage(5, LogLevel.Error, "Looking for transceivers failed; the known ones are kept")]
    private static partial void LogLookFailed(ILogger logger, Exception e);
}
