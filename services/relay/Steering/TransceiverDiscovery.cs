using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Relay.Steering;

/// <summary>
/// Learns from the state store where the region's transceivers listen. It learns nothing else: the transceivers announce their slots on the
/// links. While the store is down, the last list stays in use. A transceiver that is missing from the list is kept while it answers.
/// </summary>
internal sealed partial class TransceiverDiscovery(
    RelayOptions options, FleetOptions fleet, TransceiverDirectory directory, IStateStore store, TimeProvider time,
    ILogger<TransceiverDiscovery> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A record is believed this much longer than its lease. Clocks differ, and a transceiver whose sidecar hangs is not dead.
    /// </summary>
    private static readonly TimeSpan LeaseGrace = TimeSpan.FromSeconds(10);

    /// <summary>An unusable endpoint is logged once. No more than this many are remembered.</summary>
    private const int MaximumNoted = 100;

    private readonly string[] _keys =
        [.. Enumerable.Range(0, fleet.MaximumShards).Select(shard => StateKeys.Transceiver(fleet.Region, shard))];
    private readonly Dictionary<string, IReadOnlyList<LinkEndpoint>> _known = new(StringComparer.Ordinal);
    private readonly LinkResolver _resolver = new(time, Dns.GetHostAddressesAsync);
    private readonly HashSet<string> _unusable = new(StringComparer.Ordinal);
    private bool _isStoreAway, _hasRead;
    private int _missing;

    /// <summary>Asks the store once and gives the result to the workers.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        StateBulkReadResult<TransceiverRecord> read = await store.GetBulkAsync(
            ComponentNames.Sessions, _keys, ContractsJson.Default.TransceiverRecord, cancellation);
        bool isAway = read.Outcome != StateReadOutcome.Found;
        if (isAway != _isStoreAway)
        {
            _isStoreAway = isAway;
            if (isAway) LogStoreAway(logger, read.Outcome, read.ErrorCode);
            else LogStoreBack(logger);
        }
        foreach (string key in isAway ? [] : _keys)
        {
            if (read.FailedKeys.Contains(key)) continue;
            if (read.Entries.TryGetValue(key, out StateEntry<TransceiverRecord>? entry) && entry.Value is { } record
                && record.LeaseUntil + LeaseGrace > time.GetUtcNow()) _known[key] = Read(record);
            else _known.Remove(key);
        }
        _hasRead |= !isAway;
        // Names are resolved even if the store does not answer, because a transceiver that it named before may have moved.
        LinkEndpoint[] endpoints = [.. options.TransceiverEndpoints.Concat(_known.Values.SelectMany(e => e)).Distinct()];
        IReadOnlyList<LinkTarget> targets = await _resolver.ResolveAsync(endpoints, directory.IsReached, cancellation);
        // Before the first answer of the store, what the last relay left stays.
        if (directory.Set(_hasRead ? targets : targets.Concat(directory.Targets))) LogEndpoints(logger, directory.Targets.Count);
        if (_missing != (_missing = endpoints.Length - targets.Count) && _missing > 0) LogUnresolved(logger, _missing);
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
                // This look has failed. The workers keep the list that they have.
                LogLookFailed(logger, e);
                await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private List<LinkEndpoint> Read(TransceiverRecord record)
    {
        var endpoints = new List<LinkEndpoint>();
        foreach (string link in record.Links)
        {
            if (LinkEndpoint.TryParse(link, out LinkEndpoint? endpoint, out string? error))
            {
                if (endpoint.Scheme != LinkScheme.Udp || options.Link is not null)
                {
                    endpoints.Add(endpoint);
                    continue;
                }
                error = "is reached over UDP, for which this relay has no socket (Relay__LinkAddress)";
            }
            if (_unusable.Count < MaximumNoted && _unusable.Add(link)) LogBadEndpoint(logger, record.Shard, error);
        }
        return endpoints;
    }

    [LoggerMessage(6, LogLevel.Warning, "The names of {Endpoints} link endpoints could not be resolved")]
    private static partial void LogUnresolved(ILogger logger, int endpoints);

    [LoggerMessage(1, LogLevel.Information, "Transceivers: {Endpoints} link endpoints")]
    private static partial void LogEndpoints(ILogger logger, int endpoints);

    [LoggerMessage(2, LogLevel.Warning,
        "The transceivers could not be read from the state store ({Outcome} {ErrorCode}). The known ones are "
        + "kept")]
    private static partial void LogStoreAway(ILogger logger, StateReadOutcome outcome, string? errorCode);

    [LoggerMessage(3, LogLevel.Information, "The state store answers")]
    private static partial void LogStoreBack(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "Shard {Shard} names a link endpoint that {Problem}")]
    private static partial void LogBadEndpoint(ILogger logger, int shard, string problem);

    [LoggerMessage(5, LogLevel.Error, "Looking for transceivers failed. The known ones are kept")]
    private static partial void LogLookFailed(ILogger logger, Exception e);
}
