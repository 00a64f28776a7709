using System.Buffers;
using System.Text;
using System.Text.Json;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.DevSidecar.Apps;

namespace Dapr.Voice.DevSidecar.Http;

/// <summary>
/// <c>/v1.0/metadata</c> of one app id. The names in the JSON differ from those of the protobuf message, so it is written by hand.
/// </summary>
internal sealed class MetadataRoutes(AppMetadata metadata)
{
    public async Task SetAsync(HttpContext context, string name)
    {
        ReadOnlyMemory<byte>? body = await Responses.ReadBodyAsync(context).ConfigureAwait(false);
        metadata.Set(name, body is { } value ? Encoding.UTF8.GetString(value.Span)
            : throw new ApiException(ApiError.MetadataFull, "stream too large"));
        await Responses.Empty(context).ConfigureAwait(false);
    }

    public Task GetAsync(HttpContext context)
    {
        GetMetadataResponse described = metadata.Describe();
        var body = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(body)) Write(writer, described);
        return Responses.Json(context, 200, body.WrittenMemory);
    }

    private static void Write(Utf8JsonWriter writer, GetMetadataResponse described)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, described.Id);
        writer.WriteString("runtimeVersion"u8, described.RuntimeVersion);
        WriteList(writer, "enabledFeatures", described.EnabledFeatures);
        writer.WriteStartArray("components"u8);
        foreach (RegisteredComponents component in described.RegisteredComponents)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, component.Name);
            writer.WriteString("type"u8, component.Type);
            writer.WriteString("version"u8, component.Version);
            if (component.Capabilities.Count > 0) WriteList(writer, "capabilities", component.Capabilities);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartObject("extended"u8);
        foreach ((string name, string value) in described.ExtendedMetadata) writer.WriteString(name, value);
        writer.WriteEndObject();
        if (described.Subscriptions.Count > 0)
        {
            writer.WriteStartArray("subscriptions"u8);
            foreach (PubsubSubscription subscription in described.Subscriptions) Write(writer, subscription);
            writer.WriteEndArray();
        }
        if (described.AppConnectionProperties is { } app)
        {
            writer.WriteStartObject("appConnectionProperties"u8);
            writer.WriteNumber("port"u8, app.Port);
            writer.WriteString("protocol"u8, app.Protocol);
            writer.WriteString("channelAddress"u8, app.ChannelAddress);
            writer.WriteEndObject();
        }
        writer.WriteStartObject("actorRuntime"u8);
        writer.WriteString("runtimeStatus"u8, "DISABLED"u8);
        writer.WriteBoolean("hostReady"u8, described.ActorRuntime.HostReady);
        writer.WriteString("placement"u8, described.ActorRuntime.Placement);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, PubsubSubscription subscription)
    {
        writer.WriteStartObject();
        writer.WriteString("pubsubname"u8, subscription.PubsubName);
        writer.WriteString("topic"u8, subscription.Topic);
        writer.WriteStartArray("rules"u8);
        foreach (PubsubSubscriptionRule rule in subscription.Rules.Rules)
        {
            writer.WriteStartObject();
            if (rule.Match.Length > 0) writer.WriteString("match"u8, rule.Match);
            writer.WriteString("path"u8, rule.Path);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (subscription.DeadLetterTopic.Length > 0) writer.WriteString("deadLetterTopic"u8, subscription.DeadLetterTopic);
        writer.WriteString("type"u8, subscription.Type == PubsubSubscriptionType.Programmatic ? "PROGRAMMATIC" : "DECLARATIVE");
        writer.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
