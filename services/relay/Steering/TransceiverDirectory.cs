using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.Steering;

/// <summary>The link endpoints known now. Policy fills it, workers get a finished list by reference.</summary>
internal sealed class TransceiverDirectory
{
    private readonly Lock _lock = new();
    // Guarded by the lock.
    private readonly List<RelayWorker> _workers = [];
    private TransportAddress[] _endpoints;

    public TransceiverDirectory(RelayOptions options) => _endpoints = [.. Configured(options)];

    public IReadOnlyList<TransportAddress> Endpoints
    {
        get
        {
            lock (_lock) return _endpoints;
        }
    }

    public static IEnumerable<TransportAddress> Configured(RelayOptions options)
        => options.Transceivers.Select(t => TransportAddress.TryParse(t, out var address) ? address : default).Where(a => a.Port != 0).Distinct();

    public void Add(RelayWorker worker)
    {
        lock (_lock)
        {
            _workers.Add(worker);
            worker.SetEndpoints(_endpoints);
        }
    }

    /// <returns>True if the list is another one than before.</returns>
    public bool Set(IEnumerable<TransportAddress> endpoints)
    {
        TransportAddress[] sorted = [.. endpoints.Distinct().OrderBy(e => e.High).ThenBy(e => e.Low).ThenBy(e => e.Port).Take(LinkSet.MaximumLinks)];
        lock (_lock)
        {
            if (sorted.AsSpan().SequenceEqual(_endpoints)) return false;
            _endpoints = sorted;
            foreach (var worker in _workers) worker.SetEndpoints(sorted);
            return true;
        }
    }
}
