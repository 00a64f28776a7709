using System.Collections.Concurrent;
using System.CommandLine;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice events</c> subscribes to the lifecycle topic and prints each event once, even if the broker delivers it again. It is also an
/// example of a subscriber.
/// </summary>
internal static class EventsCommand
{
    /// <summary>How many event ids are remembered to find repetitions. The oldest ids are forgotten first.</summary>
    private const int RememberedIds = 10_000;

    public static Command Create(Installation installation)
    {
        var appId = new Option<string>("--app-id") { Description = "Our app id; each gets every event",
            DefaultValueFactory = _ => "events" };
        var port = new Option<int>("--port") { Description = "Port that the sidecar delivers to", DefaultValueFactory = _ => 7075 };
        var sidecarPort = new Option<int>("--sidecar-port") { Description = "Our sidecar's HTTP port", DefaultValueFactory = _ => 3590 };
        var failFirst = new Option<bool>("--fail-first") {
            Description = "Answer 500 to the first delivery of each event: it comes again, and is still printed once" };
        var json = new Option<bool>("--json") { Description = "Print the CloudEvents as they are, one per line" };
        var command = new Command("events", "Print session lifecycle events of a running system, each once, beginning with those that the "
            + "topic still has; their order is that of delivery") { appId, port, sidecarPort, failFirst, json };
        command.OnInvoke(async (result, cancellation) =>
        {
            if (RunState.Load(installation) is not { IsAlive: true } state)
                throw new CommandFailedException("nothing is running here", "'./voice up --detach' starts it");
            int ownPort = result.GetValue(port);
            PortOwner.EnsureFree("the subscriber", ownPort, udp: false, "--port");
            var seen = new HashSet<string>(StringComparer.Ordinal);
            var order = new Queue<string>();
            var refused = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls($"http://127.0.0.1:{ownPort}");
            await using WebApplication web = builder.Build();
            // Dapr's UseCloudEvents would pass only the data of an event. The id is needed to find repetitions.
            web.MapSubscribeHandler();
            web.MapPost("/events", async (HttpRequest request) =>
            {
                if (await JsonNode.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted)
                    is not JsonObject cloudEvent || (string?)cloudEvent["id"] is not { } id)
                    return Results.Json(new { status = "DROP" });
                if (result.GetValue(failFirst) && refused.Count < RememberedIds && refused.TryAdd(id, true)) return Results.StatusCode(500);
                lock (seen)
                {
                    if (!seen.Add(id)) return Results.Ok();
                    order.Enqueue(id);
                    if (order.Count > RememberedIds) seen.Remove(order.Dequeue());
                    if (result.GetValue(json)) Console.WriteLine(cloudEvent.ToJsonString());
                    else Console.WriteLine(
                    $"{(string?)cloudEvent["time"],-33} {(string?)cloudEvent["type"],-30} {id} {(string?)cloudEvent["data"]?["reason"]}");
                }
                return Results.Ok();
            }).WithTopic(
                new TopicOptions { PubsubName = ComponentNames.Lifecycle, Name = Topics.Sessions, DeadLetterTopic = Topics.DeadLetter });
            await web.StartAsync(cancellation);
            await SidecarCommand.AttachAsync(installation, state,
                new AppArgument(result.GetValue(appId)!, AppArgument.InBand(result.GetValue(sidecarPort), "--sidecar-port"), ownPort),
                cancellation);
            await web.StopAsync(CancellationToken.None);
            return ExitCode.Done;
        });
        return command;
    }
}
