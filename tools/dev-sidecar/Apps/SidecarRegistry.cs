using System.Diagnostics;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>The app ids of this process: what name resolution is between real sidecars.</summary>
internal sealed class SidecarRegistry(double timeScale)
{
    /// <summary>How long the name of a killed sidecar is still found (recorded: 16 s later it is gone).</summary>
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

    /// <summary>One of the sidecars of an app id, in turn; a ghost is one that was killed a moment ago.</summary>
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
