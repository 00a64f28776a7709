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

    private static readonly TimeSpan SubscriptionPoll = TimeSpan.FromMilliseconds(100);

    public static Command Create(Installation installation)
    {
        var appId = new Option<string>("--app-id") { Description = "The app id of the subscriber; each app id gets every event",
            DefaultValueFactory = _ => "events" };
        var port = new Option<int>("--port") { Description = "The port to which the sidecar delivers events",
            DefaultValueFactory = _ => 7075 };
        var sidecarPort = new Option<int>("--sidecar-port") { Description = "The HTTP port of the subscriber's sidecar",
            DefaultValueFactory = _ => 3590 };
        var failFirst = new Option<bool>("--fail-first") {
            Description = "Answer 500 to the first delivery of each event. It is delivered again, and still printed once" };
        var since = new Option<string?>("--since") { Description = "Print only events from this time on: a duration before now (90s, 10m, "
            + "2h, 1d), or a time such as 2026-11-30T08:00:00Z" };
        var json = new Option<bool>("--json") { Description = "Print the CloudEvents as JSON, one on each line" };
        var command = new Command("events", "Print the session lifecycle events of a running system, each once. The first ones are those "
            + "that the topic still has") { appId, port, sidecarPort, since, failFirst, json };
        command.OnInvoke(async (result, cancellation) =>
        {
            DateTimeOffset from = result.GetValue(since) is { } given ? EventLine.Since(given, DateTimeOffset.UtcNow)
                : DateTimeOffset.MinValue;
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
                    if (EventLine.TimeOf(cloudEvent) < from) return Results.Ok();
                    if (result.GetValue(json)) Output.Json(cloudEvent);
                    else Console.WriteLine(EventLine.Of(cloudEvent));
                }
                return Results.Ok();
            }).WithTopic(
                new TopicOptions { PubsubName = ComponentNames.Lifecycle, Name = Topics.Sessions, DeadLetterTopic = Topics.DeadLetter });
            var app = new AppArgument(
                result.GetValue(appId)!, AppArgument.InBand(result.GetValue(sidecarPort), "--sidecar-port"), ownPort) {
                MaximumConcurrency = 1 };
            await web.StartAsync(cancellation);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task subscribed = SayWhenSubscribedAsync(app, ended.Token);
            try
            {
                // Standard output has the events and nothing else.
                string log = Path.Combine(installation.Logs, $"{app.Id}-sidecar.log");
                ExitCode code = await new SidecarAttachment(installation, state, Output.Say, log).RunAsync([app], cancellation);
                if (!cancellation.IsCancellationRequested && code != ExitCode.Done)
                    throw new CommandFailedException($"the sidecar of {app.Id} ended with status {(int)code}", $"read {log}");
            }
            finally
            {
                await ended.CancelAsync();
                await subscribed;
                await web.StopAsync(CancellationToken.None);
            }
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>
    /// Says on standard error that the subscription is active. The sidecar subscribes some time after it has started, because it asks its
    /// app first. Events that are published in between are not lost as long as the broker keeps them for a new group, as Redis does.
    /// </summary>
    private static async Task SayWhenSubscribedAsync(AppArgument app, CancellationToken cancellation)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        if (Environment.GetEnvironmentVariable("DAPR_API_TOKEN") is { Length: > 0 } token)
            client.DefaultRequestHeaders.Add("dapr-api-token", token);
        try
        {
            while (!await IsSubscribedAsync(client, app, cancellation)) await Task.Delay(SubscriptionPoll, cancellation);
            Output.Say($"{app.Id} is subscribed to the topic '{Topics.Sessions}'");
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The command ends before the subscription is active.
        }
    }

    /// <summary>True if the sidecar lists the subscription in its metadata. False also while it does not answer yet.</summary>
    private static async Task<bool> IsSubscribedAsync(HttpClient client, AppArgument app, CancellationToken cancellation)
    {
        try
        {
            JsonObject? metadata = await client.GetFromJsonAsync<JsonObject>(
                $"http://127.0.0.1:{app.Sidecar.Http}/v1.0/metadata", cancellation);
            return metadata?["subscriptions"] is JsonArray subscriptions
                && subscriptions.Any(s => (string?)s?["pubsubname"] == ComponentNames.Lifecycle && (string?)s["topic"] == Topics.Sessions);
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }
}
