using System.Net;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Hosting;

/// <summary>The three probes over HTTP, as a platform asks them.</summary>
public sealed class HealthEndpointsTests : IAsyncLifetime
{
    private readonly FakeSecretStore _secrets = new();
    private readonly ScriptedHealth _sidecar = new();
    private readonly List<string> _missing = [];
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        WebApplicationBuilder builder = ServiceHost.CreateBuilder(["--urls=http://127.0.0.1:0"], TimeSpan.FromSeconds(1), test =>
        {
            test.Logging.ClearProviders();
            test.Services.AddSingleton<ISecretStore>(_secrets).AddSingleton<ISidecarHealth>(_sidecar)
                .AddSingleton<TimeProvider>(new JumpingTime());
        });
        builder.AddFleet();
        builder.Services.AddReadiness<HealthEndpointsTests>(test => test._missing);
        builder.Services.AddSingleton(this);
        _app = builder.BuildService();
        _app.MapHealth();
        await _app.StartAsync(CancellationToken.None);
        _http = new HttpClient { BaseAddress = new Uri(_app.Urls.First()) };
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Startup_UntilTheKeysAreThere_NamesWhatIsWaitedFor()
    {
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"starting","reasons":["the sidecar"]}"""),
            await AskAsync("/startupz"));

        // Key Vault is filled after the apps have started: the sidecar is up and says no.
        string value = _secrets.Values[SecretNames.LinkKey];
        _secrets.Values.Remove(SecretNames.LinkKey);
        _sidecar.IsUp = true;
        using var stop = new CancellationTokenSource();
        var keys = new TaskCompletionSource();
        var seen = new TaskCompletionSource();
        _secrets.BeforeAnswer = async () =>
        {
            if (_secrets.Asked.Count(name => name == SecretNames.LinkKey) < 5) return;
            seen.TrySetResult();
            await keys.Task;
        };
        Task<FleetKeys> loading = _app.Services.GetRequiredService<FleetKeyLoader>()
            .LoadAsync(FleetSecrets.Relay, NullLogger.Instance, stop.Token);
        await seen.Task;
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"starting","reasons":["secret voice-link-key in the store secrets"]}"""),
            await AskAsync("/startupz"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/healthz")).Status);

        _secrets.Values[SecretNames.LinkKey] = value;
        keys.SetResult();
        await loading;
        Assert.Equal((HttpStatusCode.OK, """{"status":"started"}"""), await AskAsync("/startupz"));
        // What goes away later is no matter of starting.
        _app.Services.GetRequiredService<StartupState>().WaitFor("the sidecar");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/startupz")).Status);
    }

    [Fact]
    public async Task Startup_SidecarThatRefusesWhileItStarts_IsNotCalledAMissingSecret()
    {
        var logs = new CapturedLogs();
        _secrets.Values.Remove(SecretNames.HintKeys);
        _sidecar.UpAfter = 3;
        string ring = FakeSecretStore.Ring(1);
        _sidecar.OnUp = () => _secrets.Values[SecretNames.HintKeys] = ring;
        await _app.Services.GetRequiredService<FleetKeyLoader>().LoadAsync(FleetSecrets.HintKeys, logs, CancellationToken.None);
        Assert.Contains("No sidecar for secret voice-hint-keys", logs.Text, StringComparison.Ordinal);
        Assert.Equal(1, logs.Lines.Count(line => line.Contains("could not be read", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Live_LoopThatStandsStill_FailsAndNamesIt()
    {
        Assert.Equal((HttpStatusCode.OK, """{"status":"live"}"""), await AskAsync("/healthz"));
        // The limit itself is LoopWatchTests' matter; here a clock that jumps.
        LoopWatch loops = _app.Services.GetRequiredService<LoopWatch>();
        loops.Add("worker 0", () => 1);
        foreach (int _ in Enumerable.Range(0, LoopWatch.LooksUntilStuck)) loops.Stuck();
        ((JumpingTime)_app.Services.GetRequiredService<TimeProvider>()).Advance(LoopWatch.StallLimit);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"stuck","reasons":["worker 0 stands still"]}"""),
            await AskAsync("/healthz"));
    }

    [Fact]
    public async Task Ready_WhatIsMissing_IsSaidAndStoppingIsLiveButNotReady()
    {
        Assert.Equal((HttpStatusCode.OK, """{"status":"ready"}"""), await AskAsync("/readyz"));
        _missing.Add("a transceiver");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"not_ready","reasons":["a transceiver"]}"""),
            await AskAsync("/readyz"));
        _missing.Clear();
        _app.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"not_ready","reasons":["stopping"]}"""), await AskAsync("/readyz"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/healthz")).Status);
    }

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(string path)
    {
        using HttpResponseMessage answer = await _http.GetAsync(path, CancellationToken.None);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(CancellationToken.None));
    }

    private sealed class ScriptedHealth : ISidecarHealth
    {
        private int _asked;

        public bool IsUp { get; set; }
        public int UpAfter { get; set; } = int.MaxValue;
        public Action? OnUp { get; set; }
        public int ConsecutiveFailures => 0;

        public Task<bool> IsOutboundHealthyAsync(CancellationToken cancellation = default)
        {
            if (++_asked == UpAfter)
            {
                IsUp = true;
                OnUp?.Invoke();
            }
            return Task.FromResult(IsUp);
        }

        public Task WaitForOutboundHealthAsync(CancellationToken cancellation) => Task.CompletedTask;
    }
}
