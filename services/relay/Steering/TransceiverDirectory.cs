using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.Steering;

/// <summary>
/// The link endpoints that are known now, with resolved names. Policy code fills it, and the workers get a finished list.
/// </summary>
internal sealed class TransceiverDirectory
{
    private readonly Lock _lock = new();
    // Guarded by the lock.
    private readonly List<RelayWorker> _workers = [];
    private LinkTarget[] _targets;

    /// <summary>Configured addresses are known at once. Names wait for <see cref="TransceiverDiscovery"/>.</summary>
    public TransceiverDirectory(RelayOptions options)
        => _targets = [.. options.TransceiverEndpoints.Where(e => e.TryGetAddress(out _))
        .Select(e => e.TryGetAddress(out TransportAddress address) ? new LinkTarget(e.Scheme, address) : default)];

    /// <summary>Raised with each new list, on the thread that has set it.</summary>
    public event Action<IReadOnlyList<LinkTarget>>? Changed;

    public IReadOnlyList<LinkTarget> Targets
    {
        get
        {
            lock (_lock) return _targets;
        }
    }

    /// <summary>Says whether any worker has a link to the target that is up.</summary>
    public bool IsReached(LinkTarget target)
    {
        lock (_lock) return _workers.Any(w => w.ReachedTargets.Contains(target));
    }

    public void Add(RelayWorker worker)
    {
        lock (_lock)
        {
            _workers.Add(worker);
            worker.SetTargets(_targets);
        }
    }

    /// <returns>True if the list differs from the one before.</returns>
    public bool Set(IEnumerable<LinkTarget> targets)
    {
        LinkTarget[] sorted =
            [.. targets.Distinct().OrderBy(t => t.Scheme).ThenBy(t => t.Address.High).ThenBy(t => t.Address.Low).ThenBy(t => t.Address.Port)
            .Take(LinkSet.MaximumEndpoints)];
        lock (_lock)
        {
            if (sorted.AsSpan().SequenceEqual(_targets)) return false;
            _targets = sorted;
            foreach (RelayWorker worker in _workers) worker.SetTargets(sorted);
        }
        Changed?.Invoke(sorted);
        return true;
    }
}
