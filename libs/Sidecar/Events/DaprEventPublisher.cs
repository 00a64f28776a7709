using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Client;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Implements <see cref="IEventPublisher"/> with Dapr's client. It publishes one event in each call, because the sidecar of Container Apps
/// has no bulk publishing.
/// </summary>
internal sealed class DaprEventPublisher(DaprClient client, SidecarCalls calls) : IEventPublisher
{
    public async Task<PublishResult> PublishAsync<T>(
        string pubsub, string topic, T cloudEvent, JsonTypeInfo<T> type, string? traceparent = null,
        CancellationToken cancellation = default)
    {
        SidecarNames.Check(pubsub, nameof(pubsub));
        SidecarNames.Check(topic, nameof(topic));
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(cloudEvent, type);
        if (body.Length > SidecarOptions.MaximumRequestBytes) return new PublishResult(PublishOutcome.Refused, "REQUEST_TOO_LARGE");

        return await calls.RunAsync("publish", pubsub, calls.Options.PublishTimeout, async deadline =>
        {
            GrpcAnswer<bool> answer = await GrpcAnswer.OfAsync(
                deadline, token => client.PublishByteEventAsync(
                pubsub, topic, body, "application/cloudevents+json", cancellationToken: token)).ConfigureAwait(false);
            return answer switch
            {
                { IsSuccess: true } => new PublishResult(PublishOutcome.Published, null),
                { IsRefused: true } => new PublishResult(PublishOutcome.Refused, answer.ErrorCode),
                _ => new PublishResult(PublishOutcome.Unavailable, answer.ErrorCode),
            };
        }, result => (result.Outcome.ToString(), result.Outcome != PublishOutcome.Unavailable), cancellation,
            traceparent).ConfigureAwait(false);
    }
}
