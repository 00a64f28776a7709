using System.Threading.Channels;
using Dapr.Voice.Contracts;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Transceiver.Fleet;

/// <summary>
/// Publishes what happens to this transceiver and its slots on <c>voice-fleet</c>, in order, in the background. Events wait for a broker
/// that is away, for <see cref="GiveUpAfter"/>. Their ids make a repeat harmless. No method waits. Any thread.
/// </summary>
internal sealed partial class FleetReporter : IAsyncDisposable
{
    /// <summary>An event that could not be published for this long is dropped and counted.</summary>
    public static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(10);

    /// <summary>How many events may wait: every slot of a region moves several times.</summary>
    public const int Capacity = 4096;

    /// <summary>
    /// A moved slot is published this much later. Nobody waits for the event, and after a takeover its sessions need the processor.
    /// </summary>
    public static readonly TimeSpan MoveDelay = TimeSpan.FromMilliseconds(400);

    /// <summary>The pause between two slots that have moved.</summary>
    private static readonly TimeSpan MovePause = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(5);

    private readonly IEventPublisher _publisher;
    private readonly TimeProvider _time;
    private readonly string _region, _appId, _incarnation, _source;
    private readonly Func<int> _sessions;
    private readonly ILogger _logger;
    private readonly Channel<(FleetEvent Event, long Since)> _waiting = Channel.CreateBounded<(FleetEvent, long)>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new(), _completing = new();
    private readonly Task _task;
    private long _given, _published, _lost, _ingressLosses;
    private int _hasJoined;

    /// <param name="source">The source of the events: <c>/voice/{region}/{service}/{instance}</c>.</param>
    /// <param name="sessions">The number of sessions here. Called on the thread of the caller.</param>
    public FleetReporter(
        IEventPublisher publisher, TimeProvider time, string region, int shard, string incarnation, string source, Func<int> sessions,
        ILogger logger)
    {
        (_publisher, _time, _region, _appId, _incarnation, _source, _sessions, _logger) = (
            publisher, time, region, AppIds.Transceiver(shard), incarnation, source, sessions, logger);
        _task = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>The number of events that wait.</summary>
    public long Pending => Volatile.Read(ref _given) - Volatile.Read(ref _published) - Volatile.Read(ref _lost);

    /// <summary>The number of events that were dropped after <see cref="GiveUpAfter"/>, or because too many waited.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>This process has its record and takes part from now on. Only the first call counts.</summary>
    public void Joined()
    {
        if (Interlocked.Exchange(ref _hasJoined, 1) == 0) Report(OfThis(FleetEventTypes.TransceiverJoined));
    }

    /// <summary>This process takes no new sessions and is about to leave. Nobody is told if it has never joined.</summary>
    public void Draining() => ReportIfJoined(FleetEventTypes.TransceiverDraining);

    /// <summary>This process has returned its slots. Nobody is told if it has never joined.</summary>
    public void Left() => ReportIfJoined(FleetEventTypes.TransceiverLeft);

    /// <summary>A slot has another owner.</summary>
    /// <param name="fromShard">The owner before. Null if the slot had none.</param>
    /// <param name="cause">A word in snake case.</param>
    public void SlotMoved(int slot, int? fromShard, int toShard, long epoch, string cause)
        => Report(FleetEvent.OfSlot(_region, slot, fromShard is { } from ? AppIds.Transceiver(from) : null, AppIds.Transceiver(toShard),
            epoch, cause, _source, _time.GetUtcNow()));

    /// <summary>The last link of a relay has gone while sessions used it.</summary>
    public void IngressLost(string relay)
        => Report(FleetEvent.OfIngress(_region, _appId, _incarnation, relay, Interlocked.Increment(ref _ingressLosses), _sessions(),
            _source, _time.GetUtcNow()));

    /// <summary>No more events will come. Publishes those that wait, for as long as the token allows.</summary>
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        _waiting.Writer.TryComplete();
        await _completing.CancelAsync().ConfigureAwait(false);
        try
        {
            await _task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            LogUnfinished(_logger, Pending);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _waiting.Writer.TryComplete();
        await _task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _completing.Dispose();
    }

    private FleetEvent OfThis(string type)
        => FleetEvent.OfTransceiver(type, _region, _appId, _incarnation, _sessions(), _source, _time.GetUtcNow());

    private void ReportIfJoined(string type)
    {
        if (Volatile.Read(ref _hasJoined) == 1) Report(OfThis(type));
    }

    private void Report(FleetEvent occurred)
    {
        Interlocked.Increment(ref _given);
        if (_waiting.Writer.TryWrite((occurred, _time.GetTimestamp()))) return;
        Interlocked.Increment(ref _lost);
        LogLost(_logger, occurred.Id, "QUEUE_FULL");
    }

    private async Task RunAsync()
    {
        await foreach ((FleetEvent occurred, long since) in _waiting.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            try
            {
                if (occurred.Type == FleetEventTypes.SlotMoved)
                {
                    TimeSpan early = MoveDelay - _time.GetElapsedTime(since);
                    await Task.Delay(early > MovePause ? early : MovePause, _time, _completing.Token)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
                await PublishAsync(occurred, since).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // This is the edge of a loop that must go on.
                Interlocked.Increment(ref _lost);
                LogFailed(_logger, occurred.Id, e);
            }
        }
    }

    private async Task PublishAsync(FleetEvent occurred, long since)
    {
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            PublishResult published = await _publisher.PublishAsync(
                ComponentNames.Lifecycle, Topics.Fleet, occurred, ContractsJson.Default.FleetEvent, traceparent: null, _stop.Token)
                .ConfigureAwait(false);
            if (published.IsPublished)
            {
                Interlocked.Increment(ref _published);
                return;
            }
            if (_time.GetElapsedTime(since) > GiveUpAfter)
            {
                Interlocked.Increment(ref _lost);
                LogLost(_logger, occurred.Id, published.ErrorCode);
                return;
            }
            await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(false);
        }
    }

    [LoggerMessage(LogLevel.Error, "The event {EventId} could not be published and is dropped ({ErrorCode})")]
    private static partial void LogLost(ILogger logger, string eventId, string? errorCode);

    [LoggerMessage(LogLevel.Error, "Publishing the event {EventId} failed")]
    private static partial void LogFailed(ILogger logger, string eventId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Events} events of the fleet were not published in time")]
    private static partial void LogUnfinished(ILogger logger, long events);
}
