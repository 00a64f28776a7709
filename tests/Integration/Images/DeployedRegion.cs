using System.Net;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;
using Dapr.Voice.Tests.Integration.WholeSystem;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>
/// The five containers of the default deployment, each in a network of its own and with the settings of the Bicep unchanged. The
/// development sidecar, forwarded ports and lines of <c>/etc/hosts</c> stand for the platform.
/// </summary>
internal sealed class DeployedRegion : IAsyncDisposable
{
    /// <summary>The first port in the network of the sidecar for a sidecar, and for an app.</summary>
    private const int FirstSidecar = 3600, FirstApp = 18_000;

    private readonly List<IDisposable> _platform = [];
    private RunningCommand? _sidecar;

    private DeployedRegion()
    {
    }

    /// <summary>The network of callers and of the sidecar process.</summary>
    public VoiceSystem Outside { get; } = new();

    public Dictionary<string, RunningContainer> Containers { get; } = new(StringComparer.Ordinal);

    public static async Task<DeployedRegion> StartAsync(ImageBuilds builds)
    {
        var images = new Dictionary<string, BuiltImage>(StringComparer.Ordinal);
        foreach (DeployedContainer container in DeployedContainer.All.Values)
            images[container.App] = await builds.OfAsync(container.Project);
        var region = new DeployedRegion();
        try
        {
            await region.StartAsync(builds.Buildah, images);
            return region;
        }
        catch
        {
            await region.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RunningContainer container in Containers.Values) await container.DisposeAsync();
        foreach (IDisposable forward in _platform) forward.Dispose();
        _sidecar?.Dispose();
        await Outside.DisposeAsync();
    }

    private async Task StartAsync(Buildah buildah, Dictionary<string, BuiltImage> images)
    {
        DeployedContainer[] withSidecar = [.. DeployedContainer.All.Values.Where(c => c.AppPort is not null)];
        // The sidecars run before their apps, as the platform starts them.
        Outside.Variables = [$"APP_API_TOKEN={DeployedSettings.SidecarToken}"];
        _sidecar = Outside.Start(["sidecar", "--alone", .. withSidecar.SelectMany((c, i) => new[] { "--app",
            $"{c.App}={FirstSidecar + i},{FirstApp + i}" })]);

        foreach (DeployedContainer container in DeployedContainer.All.Values)
        {
            string[] names = [.. Reached(container).Select(c => c.App)];
            Containers[container.App] = await RunningContainer.StartAsync(
                buildah, images[container.App], DeployedSettings.Of(container), names);
        }
        NetworkNamespace outside = Outside.Network!;
        for (int i = 0; i < withSidecar.Length; i++)
        {
            NetworkNamespace own = Containers[withSidecar[i].App].Network;
            Forward(own, IPAddress.Loopback, DeployedSettings.SidecarHttp, outside, new SidecarPorts(FirstSidecar + i).Http);
            Forward(own, IPAddress.Loopback, DeployedSettings.SidecarGrpc, outside, new SidecarPorts(FirstSidecar + i).Grpc);
            Forward(outside, IPAddress.Loopback, FirstApp + i, own, withSidecar[i].AppPort!.Value);
        }
        foreach (DeployedContainer container in DeployedContainer.All.Values)
        {
            foreach (DeployedContainer reached in Reached(container))
                Forward(Containers[container.App].Network, IPAddress.Loopback, reached.Ingress.Exposed, Containers[reached.App].Network,
                    reached.Ingress.Target);
        }
        // What the internet reaches.
        outside.AddCard(DeployedContainer.IngressAddress);
        DeployedContainer relay = DeployedContainer.All[AppIds.Relay], signaling = DeployedContainer.All[AppIds.Signaling];
        Forward(outside, IPAddress.Parse(DeployedContainer.IngressAddress), relay.Ingress.Exposed, Containers[relay.App].Network,
            relay.Ingress.Target);
        Forward(outside, IPAddress.Loopback, signaling.Ingress.Target, Containers[signaling.App].Network, signaling.Ingress.Target);

        await Containers[signaling.App].AnswersAsync(signaling.Ingress.Target, "/readyz");
        Outside.Adopt(new JsonObject
        {
            ["url"] = $"http://127.0.0.1:{signaling.Ingress.Target}",
            ["apiKey"] = Outside.Secret(SecretNames.ApiKeys),
            ["sidecars"] = new JsonObject([.. withSidecar.Select((c, i) => KeyValuePair.Create(c.App, (JsonNode?)(FirstSidecar + i)))]),
        });
    }

    /// <summary>The apps whose ingress an app connects to: the relay dials the transceivers, and they dial the agent.</summary>
    private static IEnumerable<DeployedContainer> Reached(DeployedContainer container)
        => DeployedContainer.All.Values.Where(other => container.App == AppIds.Relay
            ? other.Project == DeployedContainer.All[AppIds.Transceiver(0)].Project
            : container.Project == DeployedContainer.All[AppIds.Transceiver(0)].Project && other.AppPort is null);

    private void Forward(NetworkNamespace from, IPAddress address, int port, NetworkNamespace to, int target)
        => _platform.Add(new PortForward(from, new IPEndPoint(address, port), to, target));
}
