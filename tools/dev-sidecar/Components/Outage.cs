using System.Diagnostics;

namespace Dapr.Voice.DevSidecar.Components;

/// <summary>The state of the server behind a component.</summary>
public enum OutageState { Up, Killed, Frozen }

/// <summary>
/// Imitates an outage of the server behind a component: a killed server refuses connections, and a frozen one does not answer. Calls fail
/// after the time that the real sidecar was recorded to wait. A killed server comes back empty, and publishing works again only some
/// seconds later. Any thread.
/// </summary>
internal sealed class Outage(double timeScale)
{
    /// <summary>In the recordings, publishing still fails 0.6 s after the return of the server and works after 4 s.</summary>
    private static readonly TimeSpan PublisherRecovery = TimeSpan.FromSeconds(3);

    private volatile OutageState _state;
    private long _publishingBackAt;

    public OutageState State => _state;

    public void Set(OutageState state)
    {
        if (_state == OutageState.Killed && state == OutageState.Up)
            Volatile.Write(ref _publishingBackAt, Stopwatch.GetTimestamp()
                + (long)(PublisherRecovery.TotalSeconds * timeScale * Stopwatch.Frequency));
        _state = state;
    }

    /// <summary>Waits as long as the real sidecar would.</summary>
    /// <returns>True if the call then fails.</returns>
    public async Task<bool> FailsAsync(StoreCall call, CancellationToken cancellation)
    {
        int? milliseconds = (State, call) switch
        {
            (OutageState.Killed, StoreCall.Read) => 3100,
            (OutageState.Killed, StoreCall.Write) => 1550,
            (OutageState.Killed, StoreCall.Publish) => 100,
            (OutageState.Frozen, StoreCall.Read) => 10550,
            (OutageState.Frozen, StoreCall.Write) => 3500,
            (OutageState.Frozen, StoreCall.Publish) => 3000,
            (OutageState.Up, StoreCall.Publish) when Stopwatch.GetTimestamp() < Volatile.Read(ref _publishingBackAt) => 50,
            _ => null,
        };
        if (milliseconds is not { } wait) return false;
        await Task.Delay(TimeSpan.FromMilliseconds(wait * timeScale), cancellation).ConfigureAwait(false);
        return true;
    }
}

internal enum StoreCall { Read, Write, Publish }
