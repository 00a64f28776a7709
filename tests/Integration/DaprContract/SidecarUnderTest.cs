using Dapr.Voice.DevSidecar;
using Microsoft.Extensions.Time.Testing;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>A development sidecar in this process, with its own resources and a clock that a test can move.</summary>
internal sealed class SidecarUnderTest : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private SidecarUnderTest(DirectoryInfo folder, DevSidecarHost host, FakeTimeProvider time)
    {
        _folder = folder;
        Host = host;
        Time = time;
    }

    public DevSidecarHost Host { get; }

    public FakeTimeProvider Time { get; }

    /// <summary>The HTTP port of the first app id.</summary>
    public int Port => Host.Apps[0].HttpPort;

    /// <summary>The gRPC port of the first app id.</summary>
    public int GrpcPort => Host.Apps[0].GrpcPort;

    public static async Task<SidecarUnderTest> StartAsync(
        Func<DirectoryInfo, IEnumerable<string>> resources, Func<DevSidecarOptions, DevSidecarOptions> configure, params AppSpec[] apps)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("dev-sidecar-");
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        try
        {
            int number = 0;
            foreach (string yaml in resources(folder))
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, $"{number++:00}.yaml"), yaml);
            DevSidecarHost host = await DevSidecarHost.StartAsync(
                configure(new DevSidecarOptions { ResourcesPaths = [folder.FullName], Apps = apps, Time = time }), TextWriter.Null);
            return new SidecarUnderTest(folder, host, time);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    public static string Component(string name, string type, string metadata = "", string scopes = "", string version = "v1")
    {
        string needed = type switch
        {
            "state.redis" or "pubsub.redis" => "    - {name: redisHost, value: \"localhost:6379\"}\n",
            "state.sqlite" => "    - {name: connectionString, value: \"data.db\"}\n",
            "state.azure.tablestorage" => "    - {name: accountName, value: devstoreaccount1}\n    - {name: tableName, value: sessions}\n",
            "state.azure.blobstorage" => "    - {name: accountName, value: devstoreaccount1}\n    - {name: containerName, value: "
                + "sessions}\n",
            _ => "",
        };
        string items = needed + metadata;
        return $"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {type}\n  version: {version}\n"
            + (items.Length > 0 ? $"  metadata:\n{items}" : "") + scopes;
    }

    public static string Metadata(string name, string value) => $"    - {{name: {name}, value: \"{value}\"}}\n";

    public static string InboundRetry(string component, int maximumRetries)
        => $"apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata:\n  name: retry\nspec:\n  policies:\n    retries:\n      again: "
        + $"{{policy: constant, duration: 500ms, maxRetries: {maximumRetries}}}\n  targets:\n    components:\n      {component}:\n        "
        + $"inbound: {{retry: again}}\n";

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
