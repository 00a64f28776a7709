using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Signaling.Placement;
using Dapr.Voice.Signaling.Sessions;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Tests.Unit.Signaling;

/// <summary>The whole service on a loopback port, with a made-up fleet behind a sidecar in memory.</summary>
internal sealed class SignalingHarness : IAsyncDisposable
{
    public const string AppToken = "app-token-of-the-sidecar";
    public const string Owner = "transceiver-00";

    private readonly WebApplication _app;

    private SignalingHarness(WebApplication app, HttpClient http) => (_app, Http) = (app, http);

    public HttpClient Http { get; }
    public JumpingTime Time { get; private init; } = null!;
    public MemoryStateStore Store { get; private init; } = null!;
    public FakeSecretStore Secrets { get; private init; } = null!;
    public FakeInvoker Invoker { get; private init; } = null!;
    public FakePublisher Publisher { get; private init; } = null!;
    public CapturedLogs Logs { get; private init; } = null!;
    /// <summary>What every transceiver tells of its certificate.</summary>
    public const string Fingerprint = "sha-256 "
        + "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

    public FleetKeys Keys => Service<KeyLoader>().Current!.Fleet;

    public static async Task<SignalingHarness> StartAsync(
        Action<Dictionary<string, string?>>? settings = null, string? appToken = AppToken, bool withOwner = true)
    {
        var time = new JumpingTime();
        var store = new MemoryStateStore();
        var secrets = new FakeSecretStore();
        var invoker = new FakeInvoker();
        var publisher = new FakePublisher();
        var logs = new CapturedLogs();
        var configuration = new Dictionary<string, string?>
        {
            ["Signaling:WebRoot"] = "none",
            ["Signaling:Ingresses:0"] = "udp://203.0.113.7:3478",
            ["Signaling:Ingresses:1"] = "udp://203.0.113.8:3478",
            ["Signaling:DefaultAgent"] = "local",
            ["Signaling:Agents:0"] = "echo",
            ["Signaling:Agents:1"] = "parrot",
            ["Signaling:RequestsPerSecondPerAddress"] = "0",
            ["Signaling:CallsPerSecondPerCaller"] = "0",
        };
        settings?.Invoke(configuration);

        WebApplication app = Dapr.Voice.Signaling.Program.Create([], builder =>
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Configuration.AddInMemoryCollection(configuration);
            builder.Services.AddSingleton<TimeProvider>(time);
            builder.Services.AddSingleton(new SidecarOptions { AppApiToken = appToken });
            builder.Services.AddSingleton<IStateStore>(store);
            builder.Services.AddSingleton<ISecretStore>(secrets);
            builder.Services.AddSingleton<IServiceInvoker>(invoker);
            builder.Services.AddSingleton<IEventPublisher>(publisher);
            builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        });
        await app.StartAsync(CancellationToken.None);

        // Every caller here is a page of another origin, as most callers are.
        var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()),
            DefaultRequestHeaders = { { "Origin", "https://app.example.com" } } };
        var harness = new SignalingHarness(app, http)
        {
            Time = time, Store = store, Secrets = secrets, Invoker = invoker, Publisher = publisher, Logs = logs,
        };
        await harness.Service<KeyLoader>().ExecuteTask!;
        // The first look at the fleet is the service's own; only then may the test's follow.
        while (harness.Service<FleetDirectory>().Current is null) await Task.Yield();
        if (withOwner) await harness.AddOwnerAsync(0, slots: [3, 4, 5]);
        return harness;
    }

    public T Service<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public async Task AddOwnerAsync(int shard, int[] slots, int sessions = 0, int capacity = 10, double lateness = 0, bool draining = false,
        string? fingerprint = Fingerprint, int clockSeconds = 0)
    {
        string incarnation = $"incarnation-{shard}";
        var record = new TransceiverRecord("local", shard, incarnation, AppIds.Transceiver(shard), ["udp://127.0.0.1:20000"], capacity,
            sessions, lateness, draining, Time.GetUtcNow().AddSeconds(3 + clockSeconds), fingerprint);
        await Store.SaveAsync(ComponentNames.Sessions, StateKeys.Transceiver("local", shard), record,
            ContractsJson.Default.TransceiverRecord, cancellation: CancellationToken.None);
        foreach (int slot in slots)
        {
            await Store.SaveAsync(ComponentNames.Sessions, StateKeys.Slot("local", slot),
                new SlotRecord("local", slot, shard, incarnation, 1), ContractsJson.Default.SlotRecord,
                cancellation: CancellationToken.None);
        }
        await RefreshAsync();
    }

    public Task RefreshAsync() => Service<FleetDirectory>().RefreshAsync(CancellationToken.None);

    public SessionRecord? Record(string callId)
        => Store.Peek(ComponentNames.Sessions, StateKeys.Session(callId), ContractsJson.Default.SessionRecord);

    /// <summary>The Realtime session that a record has encrypted.</summary>
    public JsonElement? SessionOf(string callId)
        => Record(callId)?.SealedRealtimeSession is { } text
            ? JsonElement.Parse(SealedSession.TryOpen(Keys.PasswordKeys, callId, text)!) : null;

    /// <summary>Lets the queues of pushes and events run dry, which stopping them does.</summary>
    public async Task DrainAsync()
    {
        await Service<OwnerPush>().StopAsync(CancellationToken.None);
        await Service<LifecyclePublisher>().StopAsync(CancellationToken.None);
    }

    public Task<HttpResponseMessage> PostOfferAsync(
        string offer, string query = "", string? key = FakeSecretStore.ApiKey, string contentType = "application/sdp")
    {
        var content = new StringContent(offer, Encoding.UTF8);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return SendAsync(HttpMethod.Post, "/v1/realtime/calls" + query, content, key);
    }

    /// <summary>
    /// Makes a call and waits for the first push to its owner, so that an answer that a test sets afterwards is for what it does next. Its
    /// id.
    /// </summary>
    public async Task<string> CallAsync(string? key = FakeSecretStore.ApiKey, string query = "")
    {
        using HttpResponseMessage response = await PostOfferAsync(Offers.Chromium, query, key);
        response.EnsureSuccessStatusCode();
        string callId = response.Headers.Location!.OriginalString.Split('/')[^1];
        await Wait.UntilAsync(() => Invoker.Calls.Any(call => call.Body?.Contains(callId, StringComparison.Ordinal) == true),
            "the push to the owner");
        return callId;
    }

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, string? key = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (key is not null) request.Headers.Authorization = new("Bearer", key);
        foreach ((string name, string value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await Http.SendAsync(request, CancellationToken.None);
    }

    public Task<HttpResponseMessage> PostJsonAsync(
        string path, string json, string? key = FakeSecretStore.ApiKey, params (string Name, string Value)[] headers)
        => SendAsync(HttpMethod.Post, path, new StringContent(json, Encoding.UTF8, "application/json"), key, headers);

    public async Task<string> EphemeralKeyAsync(string body = "{}")
    {
        using HttpResponseMessage response = await PostJsonAsync("/v1/realtime/client_secrets", body);
        response.EnsureSuccessStatusCode();
        return (await JsonAsync(response)).GetProperty("value").GetString()!;
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
        => JsonElement.Parse(await response.Content.ReadAsStringAsync());

    public static async Task<string> CodeAsync(HttpResponseMessage response)
        => (await JsonAsync(response)).GetProperty("error").GetProperty("code").GetString()!;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
