using System.Threading.Channels;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// Work that a request starts and does not wait for. It has a bounded queue and a few workers, and every item ends. On shutdown, queued
/// items are still done for <see cref="LastWords"/>, however long the requests before took.
/// </summary>
internal abstract class QueuedWork<T>(ILogger logger) : BackgroundService
{
    private const int Capacity = 4096, Workers = 16;

    /// <summary>Two of these and the web server's time fit into the five seconds that a platform waits after SIGTERM.</summary>
    internal static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly Channel<T> _queue = Channel.CreateBounded<T>(
        new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.Wait });

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
        if (ExecuteTask is { } running) await Task.WhenAny(running, Task.Delay(LastWords, CancellationToken.None));
        await base.StopAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
        => Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(stoppingToken)));

    private protected abstract string CallIdOf(T item);

    private protected abstract Task HandleAsync(T item, CancellationToken cancellation);

    private async Task WorkAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (T item in _queue.Reader.ReadAllAsync(cancellation))
            {
                try
                {
                    await HandleAsync(item, cancellation);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // One bad item must not stop a worker that other items need.
                    SignalingLog.WorkFailed(logger, e, GetType().Name, CallIdOf(item));
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The host no longer waits.
        }
    }
}
