using System.Diagnostics;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>The sidecars of this process by app id. Between real sidecars, name resolution has this role. Any thread.</summary>
internal sealed class SidecarRegistry(double timeScale)
{
    /// <summary>How long the name of a killed sidecar still resolves. In the recordings it is gone after 16 s.</summary>
    private static readonly TimeSpan WithdrawAfter = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly List<AppSidecar> _sidecars = [];
    private readonly Dictionary<string, long> _ghosts = new(StringComparer.Ordinal);
    private int _turn;

    public IReadOnlyList<AppSidecar> All
    {
        get
        {
            lock (_gate) return [.. _sidecars];
        }
    }

    public void Add(AppSidecar sidecar)
    {
        lock (_gate)
        {
            _sidecars.Add(sidecar);
            _ghosts.Remove(sidecar.Id);
        }
    }

    public void Remove(AppSidecar sidecar, bool isKilled)
    {
        lock (_gate)
        {
            _sidecars.Remove(sidecar);
            if (isKilled && !_sidecars.Exists(s => s.Id == sidecar.Id))
                _ghosts[sidecar.Id] = Stopwatch.GetTimestamp() + (long)(WithdrawAfter.TotalSeconds * timeScale * Stopwatch.Frequency);
        }
    }

    /// <summary>Finds a sidecar of an app id. Several sidecars of one app id take turns.</summary>
    /// <param name="isGhost">The sidecar was killed a moment ago, and its name still resolves. The result is then null.</param>
    public AppSidecar? Find(string id, out bool isGhost)
    {
        lock (_gate)
        {
            // The namespace is always 'default' here, so 'signaling.default' is 'signaling'.
            string name = id.EndsWith(".default", StringComparison.Ordinal) ? id[..^".default".Length] : id;
            isGhost = false;
            List<AppSidecar> replicas = _sidecars.FindAll(s => s.Id == name);
            if (replicas.Count > 0) return replicas[(int)((uint)_turn++ % (uint)replicas.Count)];
            if (!_ghosts.TryGetValue(name, out long until)) return null;
            isGhost = Stopwatch.GetTimestamp() < until;
            if (!isGhost) _ghosts.Remove(name);
            return null;
        }
    }
}
