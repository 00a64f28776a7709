using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Dapr;
using Dapr.AspNetCore;
using Dapr.Client;
using Dapr.Voice.CallLog;

// Starts a call, reads it, ends it, and prints its events as they come. All of it goes through Dapr's SDK and this app's own sidecar.
if (args is not [string offerFile])
{
    Console.Error.WriteLine("usage: call-log offer.json    (a file with {\"offerSdp\": \"v=0…\"})");
    return 2;
}

var seen = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
var ended = new ConcurrentDictionary<string, TaskCompletionSource>(StringComparer.Ordinal);
TaskCompletionSource EndOf(string callId)
    => ended.GetOrAdd(callId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

WebApplicationBuilder builder = WebApplication.CreateBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddDaprClient();
WebApplication app = builder.Build();

// Anybody who reaches this port can post an event. Only the sidecar knows the token, where one is set (Container Apps sets it).
string? token = Environment.GetEnvironmentVariable("APP_API_TOKEN");
app.Use(async (context, next) =>
{
    if (string.IsNullOrEmpty(token) || context.Request.Headers["dapr-api-token"] == token) await next(context);
    else context.Response.StatusCode = StatusCodes.Status401Unauthorized;
});
app.UseCloudEvents();
app.MapSubscribeHandler();

// UseCloudEvents hands on the data alone, which has the event's type and time, too. An event may come twice, and in any order.
app.MapPost("/ended", (CallEvent call) =>
{
    if (seen.TryAdd($"{call.CallId}/{call.Seq}", true)) Console.WriteLine($"{call.CallId} {call.Type} {call.Reason}");
    EndOf(call.CallId).TrySetResult();
}).WithTopic(new TopicOptions
{
    PubsubName = "lifecycle",
    Name = "voice-sessions",
    Match = "event.type == 'voice.session.ended.v1'",
    Priority = 1,
    DeadLetterTopic = "voice-dead-letter",
});
app.MapPost("/other", (CallEvent call) =>
{
    if (seen.TryAdd($"{call.CallId}/{call.Seq}", true)) Console.WriteLine($"{call.CallId} {call.Type}");
}).WithTopic(new TopicOptions { PubsubName = "lifecycle", Name = "voice-sessions", DeadLetterTopic = "voice-dead-letter" });
// A refused event of any app comes here.
app.MapPost("/refused", (JsonNode call) => Console.WriteLine($"refused: {call["callId"]}"))
    .WithTopic("lifecycle", "voice-dead-letter");
await app.StartAsync();

using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
await app.Services.GetRequiredService<DaprClient>().WaitForSidecarAsync(limit.Token);
using HttpClient signaling = DaprClient.CreateInvokeHttpClient("signaling");

JsonNode offer = JsonNode.Parse(await File.ReadAllTextAsync(offerFile, limit.Token))!;
using HttpResponseMessage created = await signaling.PostAsJsonAsync("internal/v1/sessions", offer, limit.Token);
// Only 201 is a created call. A sidecar can answer 200 with an empty body for a callee that is down (docs/dapr.md, point 23).
if (created.StatusCode != HttpStatusCode.Created) return await RefusedAsync(created);
JsonNode session = (await created.Content.ReadFromJsonAsync<JsonNode>(limit.Token))!;
string callId = (string)session["callId"]!;
Console.WriteLine($"{callId} created, answer of {((string)session["answerSdp"]!).Length} characters");

using HttpResponseMessage read = await signaling.GetAsync($"internal/v1/sessions/{callId}", limit.Token);
if (read.StatusCode != HttpStatusCode.OK) return await RefusedAsync(read);
Console.WriteLine($"{callId} is {(await read.Content.ReadFromJsonAsync<JsonNode>(limit.Token))!["state"]}");

using HttpResponseMessage unknown = await signaling.GetAsync("internal/v1/sessions/rtc_local_aaaaaaaaaaaaa", limit.Token);
await RefusedAsync(unknown);

using HttpResponseMessage end = await signaling.DeleteAsync($"internal/v1/sessions/{callId}", limit.Token);
if (end.StatusCode != HttpStatusCode.Accepted) return await RefusedAsync(end);
await EndOf(callId).Task.WaitAsync(limit.Token);
await app.StopAsync(CancellationToken.None);
return 0;

// An error of ours has a stable code. One of the sidecar has an errorCode instead: it could not reach the callee, or would not.
static async Task<int> RefusedAsync(HttpResponseMessage answer)
{
    JsonNode? body = null;
    string text = await answer.Content.ReadAsStringAsync();
    if (text.StartsWith('{')) body = JsonNode.Parse(text);
    Console.WriteLine($"refused: {(int)answer.StatusCode} {body?["code"] ?? body?["errorCode"] ?? "no answer of signaling"}");
    return 1;
}
