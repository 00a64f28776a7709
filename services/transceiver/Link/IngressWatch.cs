using Dapr.Voice.Steering;

namespace Dapr.Voice.Transceiver.Link;

/// <summary>Tells when no worker of this process has a link to a relay any more, once for each loss. Any thread.</summary>
/// <param name="lost">Called with the configured id of the relay. It must not wait.</param>
internal sealed class IngressWatch(Action<string> lost)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, HashSet<string>> _up = [];

    /// <summary>Sets the links of a worker that are up, by the names of relays' workers.</summary>
    public void Set(int worker, IReadOnlyList<string> names)
    {
        lock (_lock)
        {
            HashSet<string> before = [.. _up.Values.SelectMany(up => up)];
            _up[worker] = [.. names.Select(LinkRelayId.RelayOf)];
            before.ExceptWith(_up.Values.SelectMany(up => up));
            foreach (string relay in before) lost(relay);
        }
    }
}
