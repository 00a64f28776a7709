using System.Globalization;
using Xunit;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>
/// The system that browsers call, in a network of its own where the machine can make one. The tests of both browsers share it.
/// </summary>
public class BrowserSystem : IAsyncLifetime
{
    /// <summary>An address beside loopback, because Firefox refuses loopback candidates.</summary>
    public const string Address = "10.99.0.1";

    /// <summary>The address after a change. The relay is then still reached at loopback, which its answers name, too.</summary>
    public const string OtherAddress = "10.99.0.2";

    private readonly VoiceSystem _voice = new();
    private readonly string _edge;

    public BrowserSystem() : this("both")
    {
    }

    private protected BrowserSystem(string edge) => _edge = edge;

    public string Url => (string)_voice.State["url"]!;
    public string CallsUrl => (string)_voice.State["callsUrl"]!;
    public string ApiKey => _voice.ApiKey;

    /// <summary>The words to put before a command so that it runs in this system's network.</summary>
    public IReadOnlyList<string> Enter => _voice.Enter;

    /// <summary>Whether clients can also use UDP.</summary>
    public bool HasUdp => _edge is not "tcp";

    /// <summary>The relay's statistics (<c>GET /internal/v1/stats</c>), asked through a sidecar as another service would.</summary>
    public string RelayStatsUrl
        => string.Create(CultureInfo.InvariantCulture,
        $"http://127.0.0.1:{_voice.SidecarPort("signaling")}/v1.0/invoke/relay/method/internal/v1/stats");

    /// <summary>The pid of the relay, which changes when the relay is started again.</summary>
    public int RelayPid => _voice.PidOf("relay");

    /// <summary>Creates a folder that is deleted with the system.</summary>
    public string Folder(string name) => Directory.CreateDirectory(_voice.FileFor(name)).FullName;

    /// <summary>Gives the machine another address, as when a phone leaves its Wi-Fi. Sockets of the old one are dead.</summary>
    public void ChangeAddress(string from, string to) => _voice.Network!.ChangeAddress(from, to);

    public async Task InitializeAsync()
    {
        try
        {
            // Browsers ask the kernel for the route to a far address to learn their own address.
            _voice.Network?.AddCard(Address);
            await _voice.UpAsync("--no-install", "--edge", _edge);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        if (File.Exists(_voice.RunFile)) await _voice.RunAsync("down");
        KeepLogs();
        await _voice.DisposeAsync();
    }

    private void KeepLogs()
    {
        string logs = _voice.FileFor(Path.Combine(".voice", "logs"));
        if (!Directory.Exists(logs)) return;
        string kept = Directory.CreateDirectory(Path.Combine(TestResults.Folder, $"logs-{_edge}")).FullName;
        foreach (string file in Directory.GetFiles(logs)) File.Copy(file, Path.Combine(kept, Path.GetFileName(file)), overwrite: true);
    }
}

/// <summary>A system in the shape of Container Apps: <c>./voice up --edge tcp</c>, whose answers have TCP candidates only.</summary>
public sealed class TcpEdgeSystem() : BrowserSystem("tcp");
