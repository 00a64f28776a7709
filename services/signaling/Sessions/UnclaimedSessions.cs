using System.Threading.Channels;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// Sessions that their owner did not take when they were pushed: it had no room left, or did not answer. The caller's first packet may
/// still bring one to an owner; one that none has after <see cref="Patience"/> is ended here, since nobody else would ever end its record.
/// In memory only: what a replica that dies had in here stays until the store's time to live.
/// </summary>
internal sealed class UnclaimedSessions(SessionEnder ender, TimeProvider time, ILogger<UnclaimedSessions> logger) : BackgroundService
{
    /// <summary>Twice as long as an owner waits for a first packet; no client goes on checking for longer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>As many as two seconds of a very busy replica, all refused.</summary>
    public const int Capacity = 4096;

    /// <summary>Looks at a session while store or owner do not answer: five minutes in all.</summary>
    private const int MaximumLooks = 10;

    private readonly Channel<Unclaimed> _waiting = Channel.CreateBounded<Unclaimed>(
        new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Sees to it that the session ends. From any thread; never waits.</summary>
    public void Watch(string callId) => Watch(callId, looks: 0);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // One patience for all, so the first in is the first out.
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
                    // One bad record must not keep the others from their end.
                    SignalingLog.WorkFailed(logger, e, nameof(UnclaimedSessions), next.CallId);
                    continue;
                }
                if (next.Looks + 1 < MaximumLooks) Watch(next.CallId, next.Looks + 1);
                else SignalingLog.LeftUnclaimed(logger, next.CallId);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private void Watch(string callId, int looks)
    {
        if (!_waiting.Writer.TryWrite(new(callId, time.GetUtcNow() + Patience, looks)))
            SignalingLog.QueueFull(logger, nameof(UnclaimedSessions), callId);
    }

    private readonly record struct Unclaimed(string CallId, DateTimeOffset LookAt, int Looks);
}
