using System.Text.Json;
using Dapr.Voice.DevSidecar.PubSub;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>
/// The subscription of one sidecar to one topic. For each event it finds the route, calls the app, and reads the answer. It retries by the
/// component's inbound policy, and sends events that fail to the dead-letter topic.
/// </summary>
internal sealed class TopicSubscription(SubscriptionSpec spec, AppChannel app, Broker broker, DeliveryWorkers workers, bool mayDeadLetter,
    RetryPolicy? retry, double timeScale, TimeProvider time, CancellationToken stop) : IEventConsumer
{
    public DeliveryWorkers Workers => workers;

    private enum Answer { Acknowledge, Retry, Drop }

    public async Task<DeliveryEnd> DeliverAsync(BrokerEvent delivered, TaskCompletionSource firstAttempt)
    {
        try
        {
            if (delivered.ExpiresAt is { } end && end <= time.GetUtcNow()) return DeliveryEnd.Done;
            ReadOnlyMemory<byte> cloudEvent = spec.IsRaw ? DeliveryEnvelope.WrapRaw(delivered.Body.Span, spec.PubSub, spec.Topic)
                : delivered.Body;
            if (Route(cloudEvent) is not { } path) return DeliveryEnd.Done;
            if (Message(delivered, cloudEvent) is not { } message) return DeliveryEnd.Done;
            for (int attempt = 1; ; attempt++)
            {
                (Answer answer, int? status) = await CallAsync(path, message).ConfigureAwait(false);
                firstAttempt.TrySetResult();
                if (answer == Answer.Acknowledge) return DeliveryEnd.Done;
                TimeSpan? delay = answer == Answer.Retry && (status is null || retry?.Covers(status.Value) == true)
                    ? retry?.DelayBefore(attempt) : null;
                if (delay is not { } wait)
                {
                    // The event was dropped, or no attempt is left. It goes to the dead-letter topic. Without one it is lost, as with the
                    // real sidecar (docs/dapr.md, point 7).
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

    /// <returns>Null if no rule matches and there is no default route. The event is then dropped without a report, as with the real
    /// sidecar.</returns>
    private string? Route(ReadOnlyMemory<byte> cloudEvent)
    {
        if (spec.Rules.All(r => r.Match is null)) return spec.Rules[0].Path;
        try
        {
            using var document = JsonDocument.Parse(cloudEvent);
            return spec.Rules.FirstOrDefault(r => r.Match is null || r.Match.Matches(document.RootElement))?.Path;
        }
        catch (JsonException)
        {
            return spec.Rules.FirstOrDefault(r => r.Match is null)?.Path;
        }
    }

    /// <summary>The message that the app receives.</summary>
    /// <param name="EntryId">The id of the one entry of a bulk message. Null for a single event.</param>
    private sealed record OutgoingMessage(ReadOnlyMemory<byte> Body, string ContentType, string TraceParent, string? EntryId);

    /// <returns>Null for a message that is not JSON. It cannot be part of a bulk message, so it is dropped.</returns>
    private OutgoingMessage? Message(BrokerEvent delivered, ReadOnlyMemory<byte> cloudEvent)
    {
        // The app gets the trace context of the publish call unchanged, or all zeros if there was none (recorded).
        string traceParent = delivered.TraceParent.Length > 0 ? delivered.TraceParent : TraceContext.None;
        if (!spec.IsBulk) return new OutgoingMessage(cloudEvent, "application/cloudevents+json", traceParent, EntryId: null);
        string entryId = Guid.NewGuid().ToString();
        try
        {
            return new OutgoingMessage(DeliveryEnvelope.WrapBulk(delivered.Body.Span, entryId, spec.IsRaw, spec.PubSub, spec.Topic),
                "application/json", traceParent, entryId);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <returns>The status is null if the app asked for a retry in its answer, or if nobody answered. Every retry policy covers these two
    /// cases.</returns>
    private async Task<(Answer, int? Status)> CallAsync(string path, OutgoingMessage message)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, app.Address(path));
            request.Content = new ReadOnlyMemoryContent(message.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", message.ContentType);
            request.Headers.TryAddWithoutValidation("pubsubname", spec.PubSub);
            request.Headers.TryAddWithoutValidation("traceparent", message.TraceParent);
            using HttpResponseMessage response = await app.SendAsync(request, HttpCompletionOption.ResponseContentRead, stop)
                .ConfigureAwait(false);
            int status = (int)response.StatusCode;
            if (status == 404) return (Answer.Drop, status);
            if (status is < 200 or > 299) return (Answer.Retry, status);
            byte[] body = await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false);
            string? word = message.EntryId is { } entryId ? DeliveryEnvelope.BulkStatus(body, entryId) : SingleStatus(body);
            return word switch
            {
                "" or "SUCCESS" => (Answer.Acknowledge, 200),
                "DROP" => (Answer.Drop, 200),
                _ => (Answer.Retry, null),
            };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (Answer.Retry, null);
        }
    }

    /// <summary>The status in the app's answer. It is empty if the answer has none, which means success.</summary>
    private static string SingleStatus(byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("status", out JsonElement status) && status.ValueKind == JsonValueKind.String
                ? status.GetString()!
                : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }
}
