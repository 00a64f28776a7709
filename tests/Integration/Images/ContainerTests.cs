using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Native;
using Dapr.Voice.Tests.Integration.WholeSystem;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>
/// Each container alone, made from its image, with the literal settings of the Bicep. Its sidecar is missing, as before every start and
/// after the sidecar has gone.
/// </summary>
[Collection(ImageBuilds.CollectionName)]
public sealed class ContainerTests(ImageBuilds builds, ITestOutputHelper output)
{
    private static readonly TimeSpan TerminationGrace = TimeSpan.FromSeconds(5);

    [ImageTheory]
    [InlineData("signaling")]
    [InlineData("relay")]
    [InlineData("transceiver-00")]
    [InlineData("transceiver-01")]
    [InlineData("local-agent")]
    public async Task Container_WithItsSettingsAlone_ListensOnItsPortsAndEndsOnSigterm(string app)
    {
        DeployedContainer container = DeployedContainer.All[app];
        BuiltImage image = await builds.OfAsync(container.Project);
        var watch = Stopwatch.StartNew();
        await using RunningContainer running = await RunningContainer.StartAsync(builds.Buildah, image, DeployedSettings.Of(container));
        int http = int.Parse(image.Environment["ASPNETCORE_HTTP_PORTS"], CultureInfo.InvariantCulture);
        Assert.Contains(http, container.Ports);
        await running.AnswersAsync(http, "/healthz");
        output.WriteLine($"{app}: live after {watch.ElapsedMilliseconds} ms");
        Assert.Equal(Repeated(StandInBases.AppUser), running.Ids.Users);
        Assert.Equal(Repeated(StandInBases.AppUser), running.Ids.Groups);
        Assert.Equal(container.Ports, running.OpenPorts);
        // The service must not wait for a request that never ends.
        using Socket slow = running.Network.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
        await slow.ConnectAsync(new IPEndPoint(IPAddress.Loopback, http));
        await slow.SendAsync("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "u8.ToArray());

        watch.Restart();
        Assert.Equal("SIGTERM", image.StopSignal);
        Assert.Equal(0, await running.EndAsync(LibC.SIGTERM, 2 * TerminationGrace));
        output.WriteLine($"{app}: ended {watch.ElapsedMilliseconds} ms after SIGTERM without a sidecar, with a request that hangs");
        Assert.True(watch.Elapsed < TerminationGrace, $"{watch.Elapsed} {running.Said}");
    }

    // Real, effective, saved and file system id.
    private static string Repeated(int id) => string.Join('\t', Enumerable.Repeat(id, 4));
}
