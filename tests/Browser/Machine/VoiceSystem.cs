using System.Text.Json.Nodes;
using Xunit;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>
/// What <c>./voice up</c> starts, with a home of its own, in a network namespace where the machine can make one. Both browsers' tests share
/// it.
/// </summary>
public class VoiceSystem : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly string _home = Directory.CreateTempSubdirectory("voice-browser-").FullName;
    private readonly string _edge;
    private NetworkNamespace? _network;
    private int _sidecarPort;
    private bool _isUp;

    public VoiceSystem() : this("both")
    {
    }

    private protected VoiceSystem(string edge) => _edge = edge;

    public string Url { get; private set; } = "";
    public string CallsUrl { get; private set; } = "";
    public string ApiKey { get; private set; } = "";

    /// <summary>Words to put before a command so that it runs in this system's network.</summary>
    public IReadOnlyList<string> Enter => _network?.Enter ?? [];

    /// <summary>Whether clients can come over UDP, too.</summary>
    public bool HasUdp => _edge is not "tcp";

    /// <summary>What the relay says of itself (<c>GET /internal/v1/stats</c>), asked through a sidecar as another service would.</summary>
    public string RelayStatsUrl => $"http://127.0.0.1:{_sidecarPort}/v1.0/invoke/relay/method/internal/v1/stats";

    /// <summary>The relay's process as it runs now.</summary>
    public int RelayPid
        => (int)JsonNode.Parse(File.ReadAllText(Path.Combine(_home, ".voice", "run.json")))!["processes"]!.AsArray()
        .Single(p => string.Equals((string?)p!["name"], "relay", StringComparison.Ordinal))!["pid"]!;

    /// <summary>A folder that ends with the system.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(_home, name)).FullName;

    public async Task InitializeAsync()
    {
        // Builds what changed while there still is a network to restore from.
        string voice = Path.Combine(Tools.Root, "voice");
        await Tools.RunAsync(StartLimit, [voice, "--version"]);
        if (NetworkNamespace.WhyNot is null) _network = await NetworkNamespace.CreateAsync(_edge);
        try
        {
            var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["VOICE_HOME"] = _home };
            string printed = await Tools.RunAsync(
                StartLimit, [.. Enter, voice, "up", "--detach", "--json", "--no-install", "--development-sidecar", "--edge", _edge],
                Tools.Root, environment);
            _isUp = true;
            JsonNode state = JsonNode.Parse(printed)!;
            Url = (string)state["url"]!;
            CallsUrl = (string)state["callsUrl"]!;
            ApiKey = (string)state["apiKey"]!;
            _sidecarPort = (int)state["sidecars"]!["signaling"]!;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        try
        {
            if (_isUp)
                await Tools.RunAsync(TimeSpan.FromSeconds(60), [.. Enter, Path.Combine(Tools.Root, "voice"), "down"], Tools.Root,
                    new Dictionary<string, string>(StringComparer.Ordinal) { ["VOICE_HOME"] = _home });
        }
        finally
        {
            if (_network is not null) await _network.DisposeAsync();
            KeepLogs();
            Directory.Delete(_home, recursive: true);
        }
    }

    private void KeepLogs()
    {
        string logs = Path.Combine(_home, ".voice", "logs");
        if (!Directory.Exists(logs)) return;
        string kept = Directory.CreateDirectory(Path.Combine(Tools.Results, $"logs-{_edge}")).FullName;
        foreach (string file in Directory.GetFiles(logs)) File.Copy(file, Path.Combine(kept, Path.GetFileName(file)), overwrite: true);
    }
}
