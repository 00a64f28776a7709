using System.Threading.Channels;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// Sessions that their owner did not take when they were pushed, because it had no room or did not answer. The caller's first packet may
/// still bring such a session to an owner. A session that no owner has after <see cref="Patience"/> is ended here, because nobody else
/// would ever end its record. The list is only in memory. If a replica dies, its records stay until the store's time to live.
/// </summary>
internal sealed class UnclaimedSessions(SessionEnder ender, TimeProvider time, ILogger<UnclaimedSessions> logger) : BackgroundService
{
    /// <summary>Twice as long as an owner waits for a first packet. No client goes on checking for longer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The largest number of sessions watched: two seconds of a very busy replica whose sessions are all refused.</summary>
    public const int Capacity = 4096;

    /// <summary>How often a session is looked at while the store or the owner does not answer: five minutes in all.</summary>
    private const int MaximumLooks = 10;

    private readonly Channel<Unclaimed> _waiting = Channel.CreateBounded<Unclaimed>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Makes sure that the session ends. Any thread. It never waits.</summary>
    public void Watch(string callId) => Watch(callId, looks: 0);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // All sessions wait equally long, so the first one in is the first one out.
            await foreach (Unclaimed next in _waiting.Reader.ReadAllAsync(stoppingToken))
            {
                TimeSpan wait = next.LookAt - time.GetUtcNow();
                if (wait > TimeSpan.Zero) await Task.Delay(wait, time, stoppingToken);
                try
                {
                    if (await ender.EndUnclaimedAsync(next.CallId, stoppingToken)) continue;
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // One bad record must not keep the others from being ended.
                    SignalingLog.WorkFailed(logger, e, nameof(UnclaimedSessions), next.CallId);
                    continue;
                }
                if (next.Looks + 1 < MaximumLooks) Watch(next.CallId, next.Looks + 1);
                else SignalingLog.LeftUnclaimed(logger, next.CallId);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service is stopping.
        }
    }

    private void Watch(string callId, int looks)
    {
        if (!_waiting.Writer.TryWrite(new(callId, time.GetUtcNow() + Patience, looks)))
            SignalingLog.QueueFull(logger, nameof(UnclaimedSessions), callId);
    }

    private readonly record struct Unclaimed(string CallId, DateTimeOffset LookAt, int Looks);
}
