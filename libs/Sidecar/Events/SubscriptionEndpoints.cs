using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Voice.Sidecar;

/// <summary>What a subscriber answers: the sidecar acts on the word, not on the status of a 2xx.</summary>
public static class SubscriptionAnswer
{
    /// <summary>Done.</summary>
    public static IResult Success { get; } = Of("SUCCESS");

    /// <summary>Again, as the component's inbound retry policy says. Without a policy Redis loses the event.</summary>
    public static IResult Retry { get; } = Of("RETRY");

    /// <summary>Never again: to the dead-letter topic if there is one.</summary>
    public static IResult Drop { get; } = Of("DROP");

    private static IResult Of(string status) => Results.Text($"{{\"status\":\"{status}\"}}", "application/json");
}

/// <summary>Says to the sidecar which routes take events.</summary>
public static class SubscriptionEndpoints
{
    /// <summary>Subscribes the endpoint to a topic; <see cref="MapSubscribeHandler"/> must be mapped too. The route must be a POST.</summary>
    public static TBuilder WithTopic<TBuilder>(this TBuilder builder, string pubsub, string topic, string? deadLetterTopic = null, string? match = null, int priority = 0)
        where TBuilder : IEndpointConventionBuilder
        => builder.WithMetadata(new TopicMetadata(pubsub, topic, deadLetterTopic, match, priority));

    /// <summary>
    /// GET <c>/dapr/subscribe</c>: the topics of all endpoints. Checks APP_API_TOKEN where one is set, so that the public port tells nobody else. The sidecar asks once,
    /// as soon as the port opens, so map every route before the app starts.
    /// </summary>
    public static IEndpointConventionBuilder MapSubscribeHandler(this IEndpointRouteBuilder endpoints)
        => endpoints.MapGet("/dapr/subscribe", (HttpContext context) =>
        {
            byte[] body = Write(context.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints);
            return Results.Bytes(body, "application/json");
        }).RequireAppApiToken(AppApiTokenRule.WhenConfigured).ExcludeFromDescription();

    internal static byte[] Write(IReadOnlyList<Endpoint> endpoints)
    {
        var routes =
            from endpoint in endpoints.OfType<RouteEndpoint>()
            from topic in endpoint.Metadata.GetOrderedMetadata<TopicMetadata>()
            select (Topic: topic, Path: "/" + (endpoint.RoutePattern.RawText ?? "").TrimStart('/'));

        var body = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartArray();
        foreach (var subscription in routes.GroupBy(r => (r.Topic.PubSub, r.Topic.Topic)))
        {
            writer.WriteStartObject();
            writer.WriteString("pubsubname"u8, subscription.Key.PubSub);
            writer.WriteString("topic"u8, subscription.Key.Topic);
            if (subscription.Select(r => r.Topic.DeadLetterTopic).FirstOrDefault(d => d is not null) is { } deadLetter) writer.WriteString("deadLetterTopic"u8, deadLetter);
            writer.WriteStartObject("routes"u8);
            var rules = subscription.Where(r => r.Topic.Match is not null).OrderBy(r => r.Topic.Priority).ToList();
            if (rules.Count > 0)
            {
                writer.WriteStartArray("rules"u8);
                foreach (var (topic, path) in rules)
                {
                    writer.WriteStartObject();
                    writer.WriteString("match"u8, topic.Match);
                    writer.WriteString("path"u8, path);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
            }
            var defaults = subscription.Where(r => r.Topic.Match is null).Select(r => r.Path).Distinct().ToList();
            if (defaults.Count > 1) throw new InvalidOperationException($"Topic '{subscription.Key.Topic}' of '{subscription.Key.PubSub}' has two default routes: {string.Join(" and ", defaults)}.");
            if (defaults.Count == 1) writer.WriteString("default"u8, defaults[0]);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.Flush();
        return body.WrittenSpan.ToArray();
    }
}
