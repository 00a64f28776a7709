using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.Sidecar;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static Dapr.Voice.Tests.Unit.Sidecar.ScriptedSidecar;

namespace Dapr.Voice.Tests.Unit.Sidecar;

public sealed class SidecarCallsTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Traceparent = $"00-{Trace}-00f067aa0ba902b7-01";

    [Fact]
    public async Task PublishAsync_Event_IsSentAsItIsInTheGivenTrace()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        PublishResult published = await sidecar.Connect().GetRequiredService<IEventPublisher>()
            .PublishAsync("lifecycle", "voice-sessions", new Owner("a", 1), OwnerJson.Default.Owner, Traceparent);
        Assert.True(published.IsPublished);
        SentCall call = Assert.Single(sidecar.Calls);
        var request = (PublishEventRequest)call.Request;
        Assert.Equal(("lifecycle", "voice-sessions", "application/cloudevents+json"),
            (request.PubsubName, request.Topic, request.DataContentType));
        Assert.Equal("""{"name":"a","epoch":1}""", request.Data.ToStringUtf8());
        Assert.Equal(Trace, ActivityContext.Parse(call.Headers["traceparent"], null).TraceId.ToHexString());
    }

    [Fact]
    public async Task PublishAsync_MalformedTraceparent_IsPublishedWithoutIt()
    {
        // It may come from a record that somebody else wrote.
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        PublishResult published = await sidecar.Connect().GetRequiredService<IEventPublisher>()
            .PublishAsync("lifecycle", "voice-sessions", new Owner("a", 1), OwnerJson.Default.Owner, "no trace context");
        Assert.True(published.IsPublished);
        Assert.DoesNotContain("no trace context", Assert.Single(sidecar.Calls).Headers.Values);
    }

    [Fact]
    public async Task AnyCall_CurrentActivity_IsItsTraceparent()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(StatusCode.Internal));
        IServiceProvider services = sidecar.Connect();
        using Activity activity = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        IStateStore store = services.GetRequiredService<IStateStore>();
        await store.ReadAsync("sessions", "k", OwnerJson.Default.Owner);
        await store.GetBulkAsync("sessions", ["k"], OwnerJson.Default.Owner);
        await services.GetRequiredService<ISecretStore>().GetAsync("secrets", "k");
        await services.GetRequiredService<IEventPublisher>().PublishAsync("lifecycle", "t", new Owner("a", 1), OwnerJson.Default.Owner);
        Assert.Equal(4, sidecar.Calls.Count);
        Assert.All(sidecar.Calls, call => Assert.Equal(activity.TraceId, ActivityContext.Parse(call.Headers["traceparent"], null).TraceId));
    }

    [Fact]
    public async Task AnyCall_Listened_HasASpanAndAMeasurementWithoutKeysAndValues()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done, Error(StatusCode.Unavailable));
        IServiceProvider services = sidecar.Connect();
        var spans = new ConcurrentQueue<Activity>();
        var measured = new ConcurrentQueue<string>();
        using var activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Dapr.Voice.Sidecar",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(activities);
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "voice.sidecar.call.duration") listener.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<double>(
            (_, _, tags, _) => measured.Enqueue(string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"))));
        meters.Start();

        IStateStore store = services.GetRequiredService<IStateStore>();
        await store.SaveAsync("sessions", "hush-key", new Owner("hush-value", 1), OwnerJson.Default.Owner);
        await services.GetRequiredService<ISecretStore>().GetAsync("secrets", "hush-key");

        Assert.Equal(["sidecar state.save", "sidecar secret"], spans.Select(s => s.DisplayName));
        Assert.Equal(
            ["component=sessions operation=state.save outcome=written", "component=secrets operation=secret outcome=unavailable"],
            spans.Select(s => string.Join(' ', s.TagObjects.Select(t => $"{t.Key}={t.Value}"))));
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Error], spans.Select(s => s.Status));
        Assert.Equal(["operation=state.save outcome=written", "operation=secret outcome=unavailable"], measured);
        Assert.Equal(spans.First().Id, sidecar.Calls.First().Headers["traceparent"]);
    }

    [Theory]
    [InlineData(StatusCode.Internal, PublishOutcome.Unavailable)]
    [InlineData(StatusCode.Unavailable, PublishOutcome.Unavailable)]
    [InlineData(StatusCode.InvalidArgument, PublishOutcome.Refused)]
    [InlineData(StatusCode.NotFound, PublishOutcome.Refused)]
    [InlineData(StatusCode.PermissionDenied, PublishOutcome.Refused)]
    [InlineData(StatusCode.Unauthenticated, PublishOutcome.Refused)]
    public async Task PublishAsync_Status_IsAnOutcome(StatusCode status, PublishOutcome outcome)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(status));
        PublishResult published = await sidecar.Connect().GetRequiredService<IEventPublisher>()
            .PublishAsync("lifecycle", "t", new Owner("a", 1), OwnerJson.Default.Owner);
        Assert.Equal((outcome, status.ToString()), (published.Outcome, published.ErrorCode));
    }

    [Fact]
    public async Task PublishAndSecret_SidecarThatNeverAnswers_EndWithTheDeadline()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Never);
        IServiceProvider services = sidecar.Connect(o => o.PublishTimeout = o.SecretTimeout = TimeSpan.FromMilliseconds(20));
        PublishResult published = await services.GetRequiredService<IEventPublisher>()
            .PublishAsync("lifecycle", "t", new Owner("a", 1), OwnerJson.Default.Owner);
        SecretResult secret = await services.GetRequiredService<ISecretStore>().GetAsync("secrets", "k");
        Assert.Equal((PublishOutcome.Unavailable, SecretOutcome.Unavailable), (published.Outcome, secret.Outcome));
    }

    [Fact]
    public async Task PublishAsync_EventAboveTheLimit_IsRefusedWithoutACall()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        PublishResult published = await sidecar.Connect().GetRequiredService<IEventPublisher>()
            .PublishAsync("lifecycle", "t", new Owner(new string('v', 4 * 1024 * 1024), 1), OwnerJson.Default.Owner);
        Assert.Equal(PublishOutcome.Refused, published.Outcome);
        Assert.Empty(sidecar.Calls);
    }

    [Theory]
    [InlineData("k", "value", SecretOutcome.Found)]
    [InlineData("k", "", SecretOutcome.Missing)]
    [InlineData("another", "value", SecretOutcome.Missing)]
    public async Task SecretStore_Answer_IsAnOutcome(string key, string value, SecretOutcome outcome)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Answer(new GetSecretResponse { Data = { [key] = value } }));
        Assert.Equal(outcome, (await sidecar.Connect().GetRequiredService<ISecretStore>().GetAsync("secrets", "k")).Outcome);
    }

    [Theory]
    [InlineData(StatusCode.Internal, SecretOutcome.Failed)]
    [InlineData(StatusCode.Unavailable, SecretOutcome.Unavailable)]
    [InlineData(StatusCode.InvalidArgument, SecretOutcome.Refused)]
    [InlineData(StatusCode.PermissionDenied, SecretOutcome.Refused)]
    public async Task SecretStore_Status_IsAnOutcome(StatusCode status, SecretOutcome outcome)
    {
        await using ScriptedSidecar sidecar = await StartAsync(Error(status));
        Assert.Equal(outcome, (await sidecar.Connect().GetRequiredService<ISecretStore>().GetAsync("secrets", "k")).Outcome);
    }

    [Fact]
    public async Task SecretResult_AsText_HasNoValue()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Answer(new GetSecretResponse { Data = { ["k"] = "hush" } }));
        SecretResult secret = await sidecar.Connect().GetRequiredService<ISecretStore>().GetAsync("secrets", "k");
        Assert.Equal("hush", secret.Value);
        Assert.DoesNotContain("hush", secret.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(201, "", InvocationOutcome.Succeeded)]
    [InlineData(200, "", InvocationOutcome.Unreachable)]
    [InlineData(200, """{"name":"a","epoch":1}""", InvocationOutcome.Unreachable)]
    [InlineData(202, "", InvocationOutcome.Unreachable)]
    [InlineData(204, "", InvocationOutcome.Unreachable)]
    [InlineData(409, "", InvocationOutcome.Refused)]
    [InlineData(500, """{"errorCode":"ERR_DIRECT_INVOKE","message":"x"}""", InvocationOutcome.Unreachable)]
    [InlineData(401, "invalid api token\n", InvocationOutcome.Unavailable)]
    [InlineData(401, "", InvocationOutcome.Refused)]
    public async Task ServiceInvoker_Answer_IsAnOutcome(int status, string body, InvocationOutcome outcome)
    {
        var sidecar = new ScriptedHttp(ScriptedHttp.Answer(status, body));
        InvocationResult answer = await sidecar.Invoker(o => o.ApiToken = "secret")
            .InvokeAsync("transceiver-00", HttpMethod.Put, "/internal/v1/x?y=1", new Owner("a", 1), OwnerJson.Default.Owner,
                HttpStatusCode.Created);
        Assert.Equal(outcome, answer.Outcome);
        SentRequest request = Assert.Single(sidecar.Requests);
        Assert.Equal(("PUT", "/v1.0/invoke/transceiver-00/method/internal/v1/x?y=1"), (request.Method, request.PathAndQuery));
        Assert.Equal("secret", request.Headers["dapr-api-token"]);
        // A sidecar never sends a chunked request again.
        Assert.Equal(request.Body.Length, request.ContentLength);
        Assert.False(request.IsChunked);
    }

    [Fact]
    public async Task ServiceInvoker_AppThatNeverAnswers_TimesOut()
    {
        IServiceInvoker invoker = new ScriptedHttp(ScriptedHttp.Never).Invoker(o => o.InvokeTimeout = TimeSpan.FromMilliseconds(20));
        InvocationResult answer = await invoker.InvokeAsync("relay", HttpMethod.Delete, "x", HttpStatusCode.Accepted);
        Assert.Equal(InvocationOutcome.TimedOut, answer.Outcome);
    }

    [Theory]
    [InlineData(200, """{"name":"a","epoch":1}""", InvocationOutcome.Succeeded)]
    [InlineData(200, "", InvocationOutcome.Unreachable)]
    [InlineData(200, "null", InvocationOutcome.Unreachable)]
    [InlineData(200, "<html>", InvocationOutcome.Unreachable)]
    [InlineData(204, "", InvocationOutcome.Unreachable)]
    [InlineData(404, """{"code":"unknown_session"}""", InvocationOutcome.Refused)]
    public async Task ServiceInvoker_Get_SucceedsOnlyWithWhatWasAskedFor(int status, string body, InvocationOutcome outcome)
    {
        InvocationResult<Owner> answer = await new ScriptedHttp(ScriptedHttp.Answer(status, body)).Invoker()
            .GetAsync("transceiver-00", "internal/v1/x", OwnerJson.Default.Owner);

        Assert.Equal(outcome, answer.Result.Outcome);
        Assert.Equal(outcome == InvocationOutcome.Succeeded ? new Owner("a", 1) : null, answer.Value);
    }

    [Fact]
    public async Task ServiceInvoker_NoSidecar_IsUnavailable()
        => Assert.Equal(InvocationOutcome.Unavailable,
        (await new ScriptedHttp(ScriptedHttp.Refused).Invoker()
            .InvokeAsync("relay", HttpMethod.Delete, "x", HttpStatusCode.Accepted)).Outcome);

    [Fact]
    public async Task WaitForOutboundHealth_SidecarThatIsNotReady_Waits()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        sidecar.HealthStatus = 500;
        ISidecarHealth health = sidecar.Connect(o => o.HealthPollInterval = TimeSpan.FromMilliseconds(1))
            .GetRequiredService<ISidecarHealth>();
        Task waiting = health.WaitForOutboundHealthAsync(CancellationToken.None);
        while (sidecar.HealthChecks < 3) await Task.Yield();
        Assert.False(waiting.IsCompleted);
        sidecar.HealthStatus = 204;
        await waiting;
    }

    [Fact]
    public async Task IsOutboundHealthy_NoSidecar_IsFalse()
    {
        await using ScriptedSidecar sidecar = await StartAsync(Done);
        Assert.False(await sidecar.Connect(o => o.HttpEndpoint = new Uri("http://127.0.0.1:1")).GetRequiredService<ISidecarHealth>()
            .IsOutboundHealthyAsync());
    }

    [Theory]
    [InlineData(null, null, "http://127.0.0.1:3500/", "http://127.0.0.1:50001/")]
    [InlineData(null, "3510", "http://127.0.0.1:3510/", "http://127.0.0.1:3510/")]
    [InlineData("http://10.0.0.9:80", "3510", "http://10.0.0.9/", "http://10.0.0.9/")]
    [InlineData(null, "nonsense", "http://127.0.0.1:3500/", "http://127.0.0.1:50001/")]
    public void Options_Environment_NamesTheEndpoints(string? endpoint, string? port, string http, string grpc)
    {
        Assert.Equal(http, SidecarOptions.HttpEndpointFrom(name => Variable(name, "HTTP")).ToString());
        Assert.Equal(grpc, SidecarOptions.GrpcEndpointFrom(name => Variable(name, "GRPC")).ToString());
        string? Variable(string name, string api) => name == $"DAPR_{api}_ENDPOINT" ? endpoint : name == $"DAPR_{api}_PORT" ? port : null;
    }

    [Fact]
    public void Options_TimeoutOfZero_IsRefused()
        => Assert.Throws<InvalidOperationException>(() => new ServiceCollection().AddSidecar(o => o.StateTimeout = TimeSpan.Zero));

    [Fact]
    public void Options_EndpointOfAnotherScheme_IsRefused()
        => Assert.Throws<InvalidOperationException>(
        () => new ServiceCollection().AddSidecar(o => o.GrpcEndpoint = new Uri("dns:///sidecar:50001")));

    [Theory]
    [InlineData("right", "right", true)]
    [InlineData("right", "wrong", false)]
    [InlineData("right", null, false)]
    [InlineData(null, null, false)]
    [InlineData(null, "anything", false)]
    public void AppApiToken_ConfiguredAndSent_Decide(string? configured, string? sent, bool isAllowed)
    {
        DefaultHttpContext context = Context(configured);
        if (sent is not null) context.Request.Headers["dapr-api-token"] = sent;
        Assert.Equal(isAllowed, AppApiToken.IsAllowed(context));
    }

    [Fact]
    public async Task RequireAppApiToken_CallWithoutToken_Is401AndDoesNotRun()
    {
        WebApplicationBuilder app = WebApplication.CreateSlimBuilder();
        await using WebApplication built = app.Build();
        bool hasRun = false;
        built.MapGet("/internal/v1/x", () => { hasRun = true; return "ran"; }).RequireAppApiToken();
        Endpoint endpoint = Assert.Single(((IEndpointRouteBuilder)built).DataSources.SelectMany(d => d.Endpoints));
        DefaultHttpContext context = Context("right");
        await endpoint.RequestDelegate!(context);
        Assert.Equal(401, context.Response.StatusCode);
        Assert.False(hasRun);
        DefaultHttpContext allowed = Context("right");
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
        DefaultHttpContext context = Context(null);
        if (header is not null) context.Request.Headers["dapr-caller-app-id"] = header;
        Assert.Equal(expected, AppApiToken.CallerAppId(context));
    }

    private static DefaultHttpContext Context(string? appApiToken)
    {
        var services = new ServiceCollection();
        services.AddSingleton(new SidecarOptions { AppApiToken = appApiToken });
        services.AddLogging();
        return new DefaultHttpContext { RequestServices = services.BuildServiceProvider() };
    }
}
