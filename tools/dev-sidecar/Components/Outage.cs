using System.Diagnostics;

namespace Dapr.Voice.DevSidecar.Components;

/// <summary>What has happened to the server behind a component.</summary>
public enum OutageState { Up, Killed, Frozen }

/// <summary>
/// The server behind a component while it is killed (connections refused), frozen (they hang) or up. Waits are those that the real sidecar
/// was recorded to wait before it gave up; a killed server comes back empty, and its publisher needs some seconds to notice.
/// </summary>
internal sealed class Outage(double timeScale)
{
    /// <summary>Recorded: publishing fails 0.6 s after the return and works 4 s after.</summary>
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

    /// <summary>Waits as long as the real one would; true if the call then fails.</summary>
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
