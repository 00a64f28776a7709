using System.Net;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>A subscriber of the lifecycle topic, as another service is one. It records each delivery.</summary>
internal sealed class EventSubscriber : IAsyncDisposable
{
    private readonly WebApplication _web;

    private EventSubscriber(WebApplication web) => _web = web;

    public static async Task<EventSubscriber> StartAsync(int port, Recorder recorder)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        WebApplication web = builder.Build();
        web.MapSubscribeHandler();
        web.MapPost("/events", async (HttpRequest request) =>
        {
            if (await JsonNode.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted) is JsonObject occurred)
                recorder.Add(new HistoryEntry(recorder.Now, HistoryKind.Event) { Id = (string?)occurred["id"],
                    Text = (string?)occurred["type"] });
            return Results.Ok();
        }).WithTopic(new TopicOptions { PubsubName = ComponentNames.Lifecycle, Name = Topics.Sessions });
        await web.StartAsync(CancellationToken.None);
        return new EventSubscriber(web);
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();
}
