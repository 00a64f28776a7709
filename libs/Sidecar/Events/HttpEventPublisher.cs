using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary><see cref="IEventPublisher"/> over Dapr's HTTP API. One event per call: bulk publishing differs between the versions of the sidecar.</summary>
internal sealed class HttpEventPublisher(SidecarConnection connection) : IEventPublisher
{
    public async Task<PublishResult> PublishAsync<T>(string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null, CancellationToken cancellation = default)
    {
        SidecarNames.Check(pubsub, nameof(pubsub));
        SidecarNames.Check(topic, nameof(topic));
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(cloudEvent, type);
        if (body.Length > HttpStateStore.MaximumRequestBytes) return new PublishResult(PublishOutcome.Refused, "REQUEST_TOO_LARGE");

        long started = connection.Time.GetTimestamp();
        using var deadline = connection.StartDeadline(connection.Options.PublishTimeout, cancellation);
        string? trace = traceparent ?? (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null);
        var answer = await connection.SendAsync(HttpMethod.Post, $"/v1.0/publish/{pubsub}/{topic}", body, "application/cloudevents+json", headers =>
        {
            if (trace is not null) headers.TryAddWithoutValidation("traceparent", trace);
        }, deadline).ConfigureAwait(false);
        var result = answer switch
        {
            { IsSuccess: true } => new PublishResult(PublishOutcome.Published, null),
            { Failure: not SidecarFailure.None } or { Status: >= HttpStatusCode.InternalServerError } => new PublishResult(PublishOutcome.Unavailable, answer.ErrorCode),
            _ => new PublishResult(PublishOutcome.Refused, answer.ErrorCode),
        };
        connection.Record("publish", result.Outcome.ToString(), result.Outcome != PublishOutcome.Unavailable, started);
        return result;
    }
}
