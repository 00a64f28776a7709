using System.Text.Json;

namespace Dapr.Voice.DevSidecar;

/// <summary>One sidecar's subscription to one topic: finds the route, calls the app, reads its answer, retries by the component's inbound policy, sends to the dead-letter topic.</summary>
internal sealed class TopicSubscription(SubscriptionSpec spec, AppChannel app, Broker broker, bool mayDeadLetter, RetryPolicy? retry, double timeScale, TimeProvider time, CancellationToken stop) : IEventConsumer
{
    private enum Answer { Acknowledge, Retry, Drop }

    public async Task<DeliveryEnd> DeliverAsync(BrokerEvent delivered, TaskCompletionSource firstAttempt)
    {
        try
        {
            if (delivered.ExpiresAt is { } end && end <= time.GetUtcNow()) return DeliveryEnd.Done;
            if (Route(delivered) is not { } path) return DeliveryEnd.Done;
            for (int attempt = 1; ; attempt++)
            {
                var (answer, status) = await CallAsync(path, delivered).ConfigureAwait(false);
                firstAttempt.TrySetResult();
                if (answer == Answer.Acknowledge) return DeliveryEnd.Done;
                var delay = answer == Answer.Retry && (status is null || retry?.Covers(status.Value) == true) ? retry?.DelayBefore(attempt) : null;
                if (delay is not { } wait)
                {
                    // Given up or dropped. Without a dead-letter topic it is lost: one attempt, then acknowledged (docs/dapr.md, point 7).
                    if (mayDeadLetter && spec.DeadLetterTopic is { } deadLetter) broker.Publish(deadLetter, delivered);
                    return DeliveryEnd.Done;
                }
                await Task.Delay(wait * timeScale, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return DeliveryEnd.Returned;
        }
    }

    // A topic whose rules all fail and that has no default: the event is dropped without a word.
    private string? Route(BrokerEvent delivered)
    {
        if (spec.Rules.All(r => r.Match is null)) return spec.Rules[0].Path;
        try
        {
            using var document = JsonDocument.Parse(delivered.Body);
            return spec.Rules.FirstOrDefault(r => r.Match is null || r.Match.Matches(document.RootElement))?.Path;
        }
        catch (JsonException)
        {
            return spec.Rules.FirstOrDefault(r => r.Match is null)?.Path;
        }
    }

    /// <summary>Status is null where a retry was asked for in words or nobody answered: then every policy covers it.</summary>
    private async Task<(Answer, int? Status)> CallAsync(string path, BrokerEvent delivered)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, app.Address(path));
            request.Content = new ReadOnlyMemoryContent(delivered.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/cloudevents+json");
            request.Headers.TryAddWithoutValidation("pubsubname", spec.PubSub);
            request.Headers.TryAddWithoutValidation("traceparent", TraceContext.Child(delivered.TraceParent));
            using var response = await app.SendAsync(request, HttpCompletionOption.ResponseContentRead, stop).ConfigureAwait(false);
            int status = (int)response.StatusCode;
            if (status == 404) return (Answer.Drop, status);
            if (status is < 200 or > 299) return (Answer.Retry, status);
            return Read(await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (Answer.Retry, null);
        }
    }

    private static (Answer, int?) Read(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.String) return (Answer.Acknowledge, 200);
            return status.GetString() switch
            {
                "" or "SUCCESS" => (Answer.Acknowledge, 200),
                "DROP" => (Answer.Drop, 200),
                _ => (Answer.Retry, null),
            };
        }
        catch (JsonException)
        {
            return (Answer.Acknowledge, 200);
        }
    }
}
