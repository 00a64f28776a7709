using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// The ids of new sessions. They are drawn in advance and stored as a <see cref="CallPage"/>, before a session has one of them. So no
/// record can be left in the store that nobody finds, whatever dies (docs/decisions/0042). A page costs one write and serves many calls.
/// Any thread.
/// </summary>
internal sealed class ReservedIds(
    IStateStore store, FleetOptions fleet, SignalingOptions options, TimeProvider time, ILogger<ReservedIds> logger) : IDisposable
{
    /// <summary>The ids of a replica's first page in a period. Each further page has twice as many.</summary>
    internal const int FewestIds = 64;

    private readonly Lock _lock = new();
    private readonly Queue<SessionId> _ids = new();
    private long _period = -1;
    private int _nextCount;

    // One page at a time: callers that come meanwhile wait for it.
    private readonly SemaphoreSlim _writing = new(1);

    /// <summary>Returns an id that no other session has, or null if the store did not take its page.</summary>
    public async Task<SessionId?> TakeAsync(CancellationToken cancellation)
    {
        if (TryTake() is { } ready) return ready;
        await _writing.WaitAsync(cancellation);
        try
        {
            return TryTake() ?? (await FillAsync(cancellation) ? TryTake() : null);
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();

    private SessionId? TryTake()
    {
        lock (_lock)
        {
            // The end of its sessions is counted from a page's own period.
            if (_period != CallPage.PeriodOf(time.GetUtcNow())) return null;
            return _ids.TryDequeue(out SessionId id) ? id : null;
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        long period = CallPage.PeriodOf(now);
        int count = period == _period ? Math.Min(_nextCount, CallPage.MaximumIds) : FewestIds;
        byte[] random = RandomNumberGenerator.GetBytes(count * sizeof(ulong));
        SessionId[] ids = [.. Enumerable.Range(0, count).Select(i => new SessionId(BitConverter.ToUInt64(random, i * sizeof(ulong))))];
        var page = new CallPage(
            CallPage.StartOf(period + 1) + TimeSpan.FromSeconds(options.MaximumSessionSeconds) + CallPage.Margin,
            [.. ids.Select(id => id.ToString())]);
        StateWriteResult written = await CallPages.WriteAsync(
            store, fleet.Region, page, now, RandomNumberGenerator.GetInt32(CallPage.PagesOfAPeriod), cancellation);
        // Calls are worth more than the order of a store that has had a hundred of them in each second for ten minutes.
        if (written.Outcome == StateWriteOutcome.Conflict) SignalingLog.PagesFull(logger, CallPage.PagesOfAPeriod);
        else if (!written.IsWritten)
        {
            SignalingLog.PageNotWritten(logger, written.Outcome, written.ErrorCode);
            return false;
        }
        lock (_lock)
        {
            _ids.Clear();
            foreach (SessionId id in ids) _ids.Enqueue(id);
            (_period, _nextCount) = (period, count * 2);
        }
        return true;
    }
}
