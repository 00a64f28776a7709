using System.Text.Json.Nodes;
using Dapr.Voice.Sidecar;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static Dapr.Voice.Tests.Unit.Sidecar.ScriptedSidecar;

namespace Dapr.Voice.Tests.Unit.Sidecar;

public sealed class SidecarCallsTests
{
    [Fact]
    public async Task PublishAsync_TraceParent_GoesAsHeaderOfTheCall()
    {
        var sidecar = new ScriptedSidecar(Answer(204));
        var published = await new HttpEventPublisher(sidecar.Connect()).PublishAsync("lifecycle", "voice-sessions", new Owner("a", 1), OwnerJson.Default.Owner, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        Assert.True(published.IsPublished);
        var request = Assert.Single(sidecar.Requests);
        Assert.Equal(("POST", "/v1.0/publish/lifecycle/voice-sessions"), (request.Method, request.PathAndQuery));
        Assert.Equal("application/cloudevents+json", request.Headers["Content-Type"]);
        Assert.Equal("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", request.Headers["traceparent"]);
    }

    [Theory]
    [InlineData(200, """{"k":"value"}""", SecretOutcome.Found)]
    [InlineData(200, """{"k":""}""", SecretOutcome.Missing)]
    [InlineData(200, "{}", SecretOutcome.Missing)]
    [InlineData(200, "", SecretOutcome.Missing)]
    [InlineData(200, "[]", SecretOutcome.Failed)]
    [InlineData(500, """{"errorCode":"ERR_SECRET_GET"}""", SecretOutcome.Failed)]
    [InlineData(401, """{"errorCode":"ERR_SECRET_STORE_NOT_FOUND"}""", SecretOutcome.Refused)]
    public async Task SecretStore_Answer_IsAnOutcome(int status, string body, SecretOutcome outcome)
        => Assert.Equal(outcome, (await new HttpSecretStore(new ScriptedSidecar(Answer(status, body)).Connect()).GetAsync("secrets", "k")).Outcome);

    [Fact]
    public async Task SecretResult_AsText_HasNoValue()
    {
        var secret = await new HttpSecretStore(new ScriptedSidecar(Answer(200, """{"k":"hush"}""")).Connect()).GetAsync("secrets", "k");
        Assert.Equal("hush", secret.Value);
        Assert.DoesNotContain("hush", secret.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, """{"name":"a","epoch":1}""", InvocationOutcome.Succeeded)]
    [InlineData(200, "nonsense", InvocationOutcome.Malformed)]
    [InlineData(409, "", InvocationOutcome.Refused)]
    [InlineData(500, """{"errorCode":"ERR_DIRECT_INVOKE","message":"x"}""", InvocationOutcome.Unreachable)]
    [InlineData(401, "invalid api token\n", InvocationOutcome.Unavailable)]
    [InlineData(401, "", InvocationOutcome.Refused)]
    public async Task ServiceInvoker_Answer_IsAnOutcome(int status, string body, InvocationOutcome outcome)
    {
        var sidecar = new ScriptedSidecar(Answer(status, body));
        var answer = await new HttpServiceInvoker(sidecar.Connect()).InvokeAsync("transceiver-00", HttpMethod.Put, "/internal/v1/x?y=1", new Owner("a", 1), OwnerJson.Default.Owner, OwnerJson.Default.Owner);
        Assert.Equal(outcome, answer.Outcome);
        Assert.Equal(("PUT", "/v1.0/invoke/transceiver-00/method/internal/v1/x?y=1"), (sidecar.Requests[0].Method, sidecar.Requests[0].PathAndQuery));
        Assert.NotNull(sidecar.Requests[0].ContentLength);
    }

    [Fact]
    public async Task ServiceInvoker_AppThatNeverAnswers_TimesOut()
    {
        var invoker = new HttpServiceInvoker(new ScriptedSidecar(Never).Connect(o => o.InvokeTimeout = TimeSpan.FromMilliseconds(20)));
        Assert.Equal(InvocationOutcome.TimedOut, (await invoker.InvokeAsync("relay", HttpMethod.Get, "x")).Outcome);
    }

    [Fact]
    public async Task InvocationHandler_HostPart_IsTheAppIdAndTheBodyHasALength()
    {
        var sidecar = new ScriptedSidecar(Answer(200));
        var options = new SidecarOptions { HttpEndpoint = new Uri("http://127.0.0.1:3500"), ApiToken = "secret" };
        using var client = new HttpClient(new SidecarInvocationHandler(options, inner: sidecar));
        // JsonContent does not know its length: sent as it is it would be chunked.
        using var answer = await client.PostAsync(new Uri("http://transceiver-03/internal/v1/sessions?a=b"), System.Net.Http.Json.JsonContent.Create(new { x = 1 }));
        var request = Assert.Single(sidecar.Requests);
        Assert.Equal("/v1.0/invoke/transceiver-03/method/internal/v1/sessions?a=b", request.PathAndQuery);
        Assert.Equal("secret", request.Headers["dapr-api-token"]);
        Assert.Equal(7, request.ContentLength);
    }

    [Fact]
    public async Task InvocationHandler_Deadline_IsAnHttpRequestException()
    {
        var options = new SidecarOptions { HttpEndpoint = new Uri("http://127.0.0.1:3500"), InvokeTimeout = TimeSpan.FromMilliseconds(20) };
        using var client = new HttpClient(new SidecarInvocationHandler(options, inner: new ScriptedSidecar(Never)));
        Assert.IsType<TimeoutException>((await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://relay/x")))).InnerException);
    }

    [Fact]
    public async Task WaitForOutboundHealth_SidecarThatComesLater_Waits()
    {
        var sidecar = new ScriptedSidecar(Refused, Error(500, "ERR_HEALTH_NOT_READY"), Answer(204));
        await new HttpSidecarHealth(sidecar.Connect(o => o.HealthPollInterval = TimeSpan.FromMilliseconds(1))).WaitForOutboundHealthAsync(CancellationToken.None);
        Assert.Equal(3, sidecar.Requests.Count);
    }

    [Theory]
    [InlineData(null, null, "http://127.0.0.1:3500/")]
    [InlineData(null, "3510", "http://127.0.0.1:3510/")]
    [InlineData("http://10.0.0.9:80", "3510", "http://10.0.0.9/")]
    [InlineData(null, "nonsense", "http://127.0.0.1:3500/")]
    public void Options_Environment_NamesTheEndpoint(string? endpoint, string? port, string expected)
        => Assert.Equal(expected, SidecarOptions.EndpointFromEnvironment(name => name == "DAPR_HTTP_ENDPOINT" ? endpoint : port).ToString());

    [Fact]
    public void Options_TimeoutOfZero_IsRefused()
        => Assert.Throws<InvalidOperationException>(() => new ServiceCollection().AddSidecar(o => o.StateTimeout = TimeSpan.Zero));

    [Theory]
    [InlineData(null, null, AppApiTokenRule.Always, false)]
    [InlineData(null, null, AppApiTokenRule.WhenConfigured, true)]
    [InlineData("right", "right", AppApiTokenRule.Always, true)]
    [InlineData("right", "wrong", AppApiTokenRule.Always, false)]
    [InlineData("right", null, AppApiTokenRule.WhenConfigured, false)]
    [InlineData(null, "anything", AppApiTokenRule.Always, false)]
    public void AppApiToken_ConfiguredAndSent_DecideByRule(string? configured, string? sent, AppApiTokenRule rule, bool isAllowed)
    {
        var context = Context(configured);
        if (sent is not null) context.Request.Headers["dapr-api-token"] = sent;
        Assert.Equal(isAllowed, AppApiToken.IsAllowed(context, rule));
    }

    [Fact]
    public async Task RequireAppApiToken_CallWithoutToken_Is401AndDoesNotRun()
    {
        var app = WebApplication.CreateSlimBuilder();
        await using var built = app.Build();
        bool hasRun = false;
        built.MapGet("/internal/v1/x", () => { hasRun = true; return "ran"; }).RequireAppApiToken();
        var endpoint = Assert.Single(((IEndpointRouteBuilder)built).DataSources.SelectMany(d => d.Endpoints));
        var context = Context("right");
        await endpoint.RequestDelegate!(context);
        Assert.Equal(401, context.Response.StatusCode);
        Assert.False(hasRun);
        var allowed = Context("right");
        allowed.Request.Headers["dapr-api-token"] = "right";
        await endpoint.RequestDelegate!(allowed);
        Assert.True(hasRun);
    }

    [Theory]
    [InlineData("caller", "caller")]
    [InlineData("somebody-else, caller", "caller")]
    [InlineData("somebody-else,", null)]
    [InlineData(null, null)]
    public void CallerAppId_Header_IsTheLastValue(string? header, string? expected)
    {
        var context = Context(null);
        if (header is not null) context.Request.Headers["dapr-caller-app-id"] = header;
        Assert.Equal(expected, AppApiToken.CallerAppId(context));
    }

    [Fact]
    public async Task MapSubscribeHandler_TopicsOfEndpoints_AreWrittenInTheSidecarsForm()
    {
        var builder = WebApplication.CreateSlimBuilder();
        await using var app = builder.Build();
        app.MapPost("/events/sessions", () => "").WithTopic("lifecycle", "voice-sessions", "voice-dead-letter");
        app.MapPost("/events/ended", () => "").WithTopic("lifecycle", "voice-sessions", match: "event.type == \"voice.session.ended.v1\"", priority: 1);
        var json = JsonNode.Parse(SubscriptionEndpoints.Write([.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(d => d.Endpoints)]));
        var expected = JsonNode.Parse("""
            [{"pubsubname":"lifecycle","topic":"voice-sessions","deadLetterTopic":"voice-dead-letter",
              "routes":{"rules":[{"match":"event.type == \"voice.session.ended.v1\"","path":"/events/ended"}],"default":"/events/sessions"}}]
            """);
        Assert.True(JsonNode.DeepEquals(expected, json), json!.ToJsonString());
    }

    private static DefaultHttpContext Context(string? appApiToken)
    {
        var services = new ServiceCollection();
        services.AddSingleton(new SidecarOptions { AppApiToken = appApiToken });
        services.AddLogging();
        return new DefaultHttpContext { RequestServices = services.BuildServiceProvider() };
    }
}
