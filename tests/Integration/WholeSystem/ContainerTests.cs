using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dapr.Voice.Native;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// Each container alone, with the literal settings of the Bicep, in the file system that its Dockerfile makes. Its sidecar is missing, as
/// before every start and after the sidecar has gone.
/// </summary>
[Collection(WholeSystemCollection.Name)]
public sealed class ContainerTests(PublishedFolder published, ITestOutputHelper output)
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
        await published.MakeAsync();
        DeployedContainer container = DeployedContainer.All[app];
        using var network = NetworkNamespace.TryCreate();
        Assert.NotNull(network);
        using var image = new ImageRoot(container, published.Path);
        using Process process = image.Start(network, Environment(container));
        var said = new StringBuilder();
        void Note(object _, DataReceivedEventArgs line)
        {
            lock (said) said.AppendLine(line.Data);
        }
        process.OutputDataReceived += Note;
        process.ErrorDataReceived += Note;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            var watch = Stopwatch.StartNew();
            int http = int.Parse(container.Image["ASPNETCORE_HTTP_PORTS"], System.Globalization.CultureInfo.InvariantCulture);
            Assert.Contains(http, container.Ports);
            await Wait.UntilAsync(async () => process.HasExited
                ? throw new InvalidOperationException($"{app} ended with {process.ExitCode}: {said}") : await IsLiveAsync(network, http),
                $"{app} is live: {said}");
            output.WriteLine(
                $"{app}: live after {watch.ElapsedMilliseconds} ms in {image.Bytes / 1048576} MiB without the runtime; packages "
                + $"{string.Join(' ', image.Packages)}");
            Assert.Contains($"Uid:\t{ImageRoot.AppUser}\t{ImageRoot.AppUser}", await File.ReadAllTextAsync($"/proc/{process.Id}/status"),
                StringComparison.Ordinal);
            Assert.Equal(container.Ports, Listening(process.Id));
            // The service must not wait for a request that never ends.
            using Socket slow = network.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
            await slow.ConnectAsync(new IPEndPoint(IPAddress.Loopback, http));
            await slow.SendAsync("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "u8.ToArray());

            watch.Restart();
            Assert.Equal(0, LibC.kill(process.Id, LibC.SIGTERM));
            Assert.True(process.WaitForExit(2 * TerminationGrace), $"{app} did not end: {said}");
            output.WriteLine($"{app}: ended {watch.ElapsedMilliseconds} ms after SIGTERM without a sidecar, with a request that hangs");
            Assert.Equal(0, process.ExitCode);
            Assert.True(watch.Elapsed < TerminationGrace);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    /// <summary>The variables of the base image, of the recipe, of the Bicep and of the platform. Later ones win.</summary>
    private static Dictionary<string, string> Environment(DeployedContainer container)
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOSTNAME"] = $"{container.App}--0000001-5d4f8c7b9-x2x4z",
            ["APP_UID"] = $"{ImageRoot.AppUser}",
            ["ASPNETCORE_HTTP_PORTS"] = "8080",
            ["DOTNET_RUNNING_IN_CONTAINER"] = "true",
            ["CONTAINER_APP_NAME"] = container.App,
            ["CONTAINER_APP_REVISION"] = $"{container.App}--0000001",
            ["CONTAINER_APP_REPLICA_NAME"] = $"{container.App}--0000001-5d4f8c7b9-x2x4z",
            ["CONTAINER_APP_PORT"] = $"{container.Ports[0]}",
        };
        foreach ((string name, string? value) in container.Image.Concat(container.Settings)) all[name] = value;
        if (container.App != "local-agent")
        {
            all["DAPR_HTTP_PORT"] = "3500";
            all["DAPR_GRPC_PORT"] = "50001";
            all["APP_API_TOKEN"] = "0123456789abcdef";
        }
        return all;
    }

    private static async Task<bool> IsLiveAsync(NetworkNamespace network, int port)
    {
        try
        {
            using Socket socket = network.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            await socket.SendAsync("GET /healthz HTTP/1.0\r\n\r\n"u8.ToArray());
            byte[] answer = new byte[64];
            int length = await socket.ReceiveAsync(answer);
            return Encoding.ASCII.GetString(answer, 0, length).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>
    /// The ports of its network that have a listener on all addresses. The platform cannot reach a port on one address alone.
    /// </summary>
    private static int[] Listening(int pid)
        => [.. ListeningSockets.Of(pid).Where(s => s.Address.Equals(IPAddress.Any) || s.Address.Equals(IPAddress.IPv6Any))
        .Select(s => s.Port).Distinct().Order()];
}
