using System.Threading.Channels;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// Work that a request starts and does not wait for. It has a bounded queue and a few workers, and every item ends. On shutdown, queued
/// items are still done for <see cref="LastWords"/>, however long the requests before took.
/// </summary>
/// <param name="capacity">How many items may wait.</param>
internal abstract class QueuedWork<T>(ILogger logger, int capacity = QueuedWork<T>.DefaultCapacity) : BackgroundService
{
    private const int DefaultCapacity = 4096, Workers = 16;

    /// <summary>Two of these and the web server's time fit into the five seconds that a platform waits after SIGTERM.</summary>
    internal static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly Channel<T> _queue = Channel.CreateBounded<T>(
        new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.Wait });
    // While the service stops there is no time for long pauses: a broker that is back is noticed at once.
    private static readonly TimeSpan LastPause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _leaving = new();
    private int _working;

    private protected ILogger Logger => logger;

    /// <summary>Returns false if the queue is full. That is logged here.</summary>
    public bool TryEnqueue(T item)
    {
        if (_queue.Writer.TryWrite(item)) return true;
        SignalingLog.QueueFull(logger, GetType().Name, CallIdOf(item));
        return false;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        await _leaving.CancelAsync();
        if (ExecuteTask is { } running) await Task.WhenAny(running, Task.Delay(LastWords, CancellationToken.None));
        await base.StopAsync(cancellationToken);
        int left = _queue.Reader.Count + Volatile.Read(ref _working);
        if (left > 0) SignalingLog.QueueLeft(logger, left, GetType().Name);
    }

    public override void Dispose()
    {
        base.Dispose();
        _leaving.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
        => Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(stoppingToken)));

    private protected abstract string CallIdOf(T item);

    private protected abstract Task HandleAsync(T item, CancellationToken cancellation);

    /// <summary>Waits before the next attempt, or only for a moment if the service stops.</summary>
    private protected async Task PauseAsync(TimeSpan pause, TimeProvider time, CancellationToken cancellation)
    {
        if (!_leaving.IsCancellationRequested)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _leaving.Token);
            await Task.Delay(pause, time, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            if (!_leaving.IsCancellationRequested) return;
        }
        await Task.Delay(pause < LastPause ? pause : LastPause, time, cancellation);
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (T item in _queue.Reader.ReadAllAsync(cancellation))
            {
                Interlocked.Increment(ref _working);
                try
                {
                    await HandleAsync(item, cancellation);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // One bad item must not stop a worker that other items need.
                    SignalingLog.WorkFailed(logger, e, GetType().Name, CallIdOf(item));
                }
                // An item that was cancelled stays counted: it was not done.
                Interlocked.Decrement(ref _working);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The host no longer waits.
        }
    }
}
