using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Transceiver;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

public sealed class InternalEndpointsTests : IAsyncLifetime
{
    private const string Token = "the app token";

    private WebApplication _app = null!;
    private HttpClient _client = null!;
    private TestFleet _records = null!;

    public async Task InitializeAsync()
    {
        // This fleet only makes records under the same keys. Its own transceiver is not used.
        _records = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 });
        _app = Dapr.Voice.Transceiver.Program.Create(
            ["--urls=http://127.0.0.1:0", "--Transceiver:Workers=1", $"--Transceiver:LinkEndpoint=127.0.0.1:{FreeUdpPort()}"],
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton<ISecretStore>(new MemorySecretStore(TestFleet.Secrets));
                builder.Services.AddSingleton<IStateStore>(new MemoryStateStore()).AddSingleton<IEventPublisher>(new RecordingPublisher());
                builder.Services.AddSingleton(new SidecarOptions { AppApiToken = Token });
            });
        TransceiverHost host = _app.Services.GetRequiredService<TransceiverHost>();
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
        _client.DefaultRequestHeaders.Add("dapr-api-token", Token);
        await Wait.UntilAsync(() => host.Runtime is { IsAdmitting: true, ServedSlots: 64 }, "the slots are claimed");
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        await _records.DisposeAsync();
    }

    private static int FreeUdpPort()
    {
        using var socket = new System.Net.Sockets.UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }

    private Task<HttpResponseMessage> PushAsync(SessionRecord record)
        => _client.PostAsync("/internal/v1/sessions", JsonContent.Create(record, ContractsJson.Default.SessionRecord));

    [Fact]
    public async Task WithoutTheToken_EverythingInternalIsRefused()
    {
        using var stranger = new HttpClient { BaseAddress = _client.BaseAddress };
        foreach (string path in new[] { "/internal/v1/stats", "/internal/v1/sessions/rtc_local_aaaaaaaaaaaaa" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsync("/internal/v1/sessions", new StringContent("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/healthz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task Session_PushedSeenAndEnded()
    {
        SessionRecord record = _records.NewRecord(TestCaller.Fingerprint);
        Assert.Equal(HttpStatusCode.Created, (await PushAsync(record)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await PushAsync(record)).StatusCode);
        string path = $"/internal/v1/sessions/{record.CallId}";
        SessionRecord? seen = await _client.GetFromJsonAsync(path, ContractsJson.Default.SessionRecord);
        Assert.Equal((record.CallId, SessionState.Created), (seen!.CallId, seen.State));
        // Its caller has not come, so there is nothing to count.
        Assert.Null(seen.Statistics);

        Assert.Equal(HttpStatusCode.BadRequest, (await _client.DeleteAsync(path + "?reason=boredom")).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await _client.DeleteAsync(path + "?reason=api_hangup")).StatusCode);
        for (seen = null; seen?.State != SessionState.Ended;)
            seen = await _client.GetFromJsonAsync(path, ContractsJson.Default.SessionRecord);
        Assert.Equal(SessionEndReason.ApiHangup, seen.EndReason);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.DeleteAsync(path)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await PushAsync(record)).StatusCode);

        using var statistics = JsonDocument.Parse(await _client.GetStringAsync("/internal/v1/stats"));
        Assert.Equal(1, statistics.RootElement.GetProperty("ended").GetProperty("api_hangup").GetInt64());
        Assert.Equal(64, statistics.RootElement.GetProperty("slots").GetInt32());
    }

    [Fact]
    public async Task BadRequests_SayWhy()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync("/internal/v1/sessions/rtc_local_aaaaaaaaaaaaa")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync("/internal/v1/sessions/nonsense")).StatusCode);
        HttpResponseMessage bad = await _client.PostAsync(
            "/internal/v1/sessions", new StringContent("{", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        Assert.Equal("application/problem+json", bad.Content.Headers.ContentType!.MediaType);
        HttpResponseMessage large = await _client.PostAsync(
            "/internal/v1/sessions", new StringContent(new string(' ', InternalEndpoints.MaximumRecordBytes + 1)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
    }
}
