using System.Diagnostics;
using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>
/// Sends new records to their owners, so that the first packet finds its session in memory. A call works without it: an owner that was not
/// told reads the record when the first packet arrives.
/// </summary>
internal sealed class OwnerPush(IServiceInvoker invoker, UnclaimedSessions unclaimed, SignalingMetrics metrics, TimeProvider time,
    ILogger<OwnerPush> logger) : QueuedWork<SessionRecord>(logger)
{
    // The client's first check arrives about 10 ms after the answer. A push that is later than a second or two is useless.
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(1600)];

    /// <summary>Queues a push. Any thread. It never waits.</summary>
    public void Push(SessionRecord record)
    {
        if (!TryEnqueue(record)) unclaimed.Watch(record.CallId);
    }

    private protected override string CallIdOf(SessionRecord item) => item.CallId;

    private protected override async Task HandleAsync(SessionRecord item, CancellationToken cancellation)
    {
        using Activity? span = SignalingTrace.Source.Start("voice.signaling.owner_push", item.Traceparent);
        span?.SetTag("voice.call_id", item.CallId).SetTag("voice.owner", item.OwnerAppId);
        for (int tries = 1; ; tries++)
        {
            InvocationResult result = await invoker.InvokeAsync(item.OwnerAppId, HttpMethod.Post, "internal/v1/sessions", item,
                ContractsJson.Default.SessionRecord, HttpStatusCode.Created, cancellation);
            // An owner that answers has decided. Asking again would not change the decision.
            bool isFinal = result.Outcome is InvocationOutcome.Succeeded or InvocationOutcome.Refused;
            if (isFinal || tries > Pauses.Length)
            {
                metrics.Pushes.Add(1, MetricTag.Of("outcome", result.Outcome));
                span?.SetTag("voice.outcome", MetricTag.Word(result.Outcome));
                if (result.IsSuccess) return;
                SignalingLog.PushFailed(Logger, item.CallId, item.OwnerAppId, result.Outcome, result.ErrorCode, tries);
                unclaimed.Watch(item.CallId);
                return;
            }
            await Task.Delay(Pauses[tries - 1], time, cancellation);
        }
    }
}
