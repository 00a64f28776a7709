using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Cli.Commands;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.Tests.Integration.DaprContract;
using static Dapr.Voice.Tests.Integration.DaprContract.SidecarUnderTest;

namespace Dapr.Voice.Tests.Integration.Cli;

/// <summary><c>./voice sidecar</c> while a development sidecar already runs.</summary>
public sealed class JoiningTests
{
    // The port is in the band, and no other test and no example uses it.
    private static readonly AppArgument Mine = new("mine", new SidecarPorts(3_987), AppPort: null);

    [Fact]
    public async Task App_AfterARestartOfTheSidecarProcess_IsJoinedAgainAndLeavesAtTheEnd()
    {
        using var stop = new CancellationTokenSource();
        int control = RecordingApp.FreePort();
        SidecarUnderTest first = await SystemAsync(control);
        Task<ExitCode> joining = Attach(control).RunAsync([Mine], stop.Token);
        await Wait.UntilAsync(() => HasJoined(first), "the app to join");
        await first.DisposeAsync();

        await using SidecarUnderTest second = await SystemAsync(control);
        await Wait.UntilAsync(() => HasJoined(second), "the app to join again");
        using var http = new HttpClient();
        Assert.Equal("", await http.GetStringAsync($"http://127.0.0.1:{Mine.Sidecar.Http}/v1.0/state/sessions/k"));

        await stop.CancelAsync();
        Assert.Equal(ExitCode.Done, await joining.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.DoesNotContain(second.Host.Apps, a => a.Id == Mine.Id);
    }

    [Fact]
    public async Task App_WhosePortIsTakenAfterARestart_EndsWithAnError()
    {
        int control = RecordingApp.FreePort();
        SidecarUnderTest first = await SystemAsync(control);
        Task<ExitCode> joining = Attach(control).RunAsync([Mine], CancellationToken.None);
        await Wait.UntilAsync(() => HasJoined(first), "the app to join");
        await first.DisposeAsync();

        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, Mine.Sidecar.Http));
        holder.Listen(1);
        await using SidecarUnderTest second = await SystemAsync(control);
        CommandFailedException refused = await Assert.ThrowsAsync<CommandFailedException>(
            () => joining.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains($"can't join again after a restart of the sidecar: mine: Port {Mine.Sidecar.Http}", refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task App_ThatJoins_DoesNotGetTheTokenOfTheSystem()
    {
        await using RecordingApp app = await RecordingApp.StartAsync((_, _) => Task.CompletedTask);
        int control = RecordingApp.FreePort();
        await using SidecarUnderTest system = await StartAsync(_ => [Component("sessions", "state.redis")],
            o => o with { ControlPort = control }, new AppSpec("signaling", 0, AppPort: null, "of signaling alone"));
        using var stop = new CancellationTokenSource();
        Task<ExitCode> joining = Attach(control).RunAsync([Mine with { AppPort = app.Port }], stop.Token);
        await Wait.UntilAsync(() => app.Calls.Any(c => c.Path == "/dapr/subscribe"), "the sidecar asks the app");
        Assert.All(app.Calls, c => Assert.DoesNotContain("dapr-api-token", c.Headers.Keys));
        await stop.CancelAsync();
        await joining.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static SidecarAttachment Attach(int control) => new(Installation.Find(), State(control), _ => { });

    private static bool HasJoined(SidecarUnderTest system)
        => system.Host.Apps.Any(a => a.Id == Mine.Id && a.HttpPort == Mine.Sidecar.Http && a.GrpcPort == Mine.Sidecar.Grpc);

    private static Task<SidecarUnderTest> SystemAsync(int control)
        => StartAsync(_ => [Component("sessions", "state.redis")], o => o with { ControlPort = control }, new AppSpec("signaling", 0));

    private static RunState State(int control) => new()
    {
        Url = "http://127.0.0.1:8080",
        CallsUrl = "http://127.0.0.1:8080/v1/realtime/calls",
        ApiKey = "",
        Relay = new RelayAddresses(Udp: null, Tcp: null),
        Sidecars = new Dictionary<string, int>(),
        SidecarGrpcPorts = new Dictionary<string, int>(),
        SidecarKind = "development sidecar",
        SidecarControlPort = control,
        DefaultAgent = "local",
        Processes = [],
        SupervisorPid = 0,
        SupervisorStart = 0,
        StartedAt = DateTimeOffset.UnixEpoch,
    };
}
