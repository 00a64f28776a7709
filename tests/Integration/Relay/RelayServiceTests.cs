using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Relay;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Relay;

/// <summary>
/// The whole service in this process: keys from a secret store, transceivers from a state store, packets over real sockets. The tests are
/// the same for both link transports.
/// </summary>
public abstract class RelayServiceTests : IAsyncLifetime
{
    private const string AppToken = "token-of-the-test";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FixedSecrets _secrets = new();
    private readonly MemoryStateStore _store = new();
    private readonly LinkEcho _transceiver;
    private readonly UdpBatchSocket _client = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F000001, 0));
    private readonly int _port, _linksPerWorker;
    private readonly string _host;
    private IHost? _app;

    private protected RelayServiceTests(LinkScheme scheme, string host)
    {
        _linksPerWorker = scheme == LinkScheme.Tcp ? 2 : 1;
        _host = host;
        _transceiver = new LinkEcho(_secrets.LinkKey, scheme);
        using var any = UdpBatchSocket.Bind(TransportAddress.FromIPv4(0x7F000001, 0));
        _port = any.LocalAddress.Port;
    }

    public async Task InitializeAsync()
    {
        await _store.SaveAsync(ComponentNames.Sessions, StateKeys.Transceiver("local", 0),
            new TransceiverRecord("local", 0, "1", AppIds.Transceiver(0), [(_transceiver.Endpoint with { Host = _host }).ToString()], 10, 0,
            0, false, DateTimeOffset.UtcNow.AddMinutes(1)),
            ContractsJson.Default.TransceiverRecord);
        _app = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_app is not null) await ((IAsyncDisposable)_app).DisposeAsync();
        _transceiver.Dispose();
        _client.Dispose();
    }

    private async Task<IHost> StartAsync()
    {
        IHost app = Dapr.Voice.Relay.Program.Create(
            ["--urls=http://127.0.0.1:0", $"--Relay:PublicEndpoint=127.0.0.1:{_port}", "--Relay:Id=relay-test", "--Relay:Workers=2",
            "--Relay:MaximumFlows=1024"],
            builder =>
            {
                builder.Services.AddSingleton<ISecretStore>(_secrets);
                builder.Services.AddSingleton<IStateStore>(_store);
                builder.Services.AddSingleton(new SidecarOptions { AppApiToken = AppToken });
            });
        await app.StartAsync();
        return app;
    }

    private static HttpClient Http(IHost app)
        => new() {
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        Instant end = MonotonicClock.Now + Patience;
        while (!await condition())
        {
            Assert.True(MonotonicClock.Now < end, "The condition never came true.");
            await Task.Delay(20);
        }
    }

    private Task BecomeReadyAsync(HttpClient http)
        => UntilAsync(async () => (await http.GetAsync("/readyz")).StatusCode == HttpStatusCode.OK);

    private async Task<byte[]> AskAsync(byte[] packet)
    {
        byte[]? answer = null;
        await UntilAsync(() =>
        {
            packet.CopyTo(_client.Queue(TransportAddress.FromIPv4(0x7F000001, (ushort)_port), default, packet.Length));
            _client.Flush();
            int count = _client.Receive();
            for (int i = 0; i < count; i++)
            {
                _client.Get(i, out Span<byte> datagram, out _, out _);
                answer = datagram.ToArray();
            }
            return Task.FromResult(answer is not null);
        });
        return answer!;
    }

    private byte[] Check()
    {
        string ufrag = new RoutingHint(
            1, 0, 5, new SessionId(42), 0, RoutingHint.ToMinutes(DateTimeOffset.UtcNow) + 10).Encode(_secrets.HintKeys);
        byte[] buffer = new byte[256];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, new byte[12]);
        writer.Add(StunAttributeType.Username, Encoding.ASCII.GetBytes(ufrag + ":peer"));
        writer.AddMessageIntegrity(Encoding.ASCII.GetBytes(IcePassword.Derive(_secrets.PasswordKeys, ufrag)));
        writer.AddFingerprint();
        return buffer[..writer.Length];
    }

    [Fact]
    public async Task Relay_TransceiverFromTheStore_PacketsGoUpAndComeBack()
    {
        using HttpClient http = Http(_app!);
        await BecomeReadyAsync(http);
        byte[] check = Check();
        Assert.Equal(check, await AskAsync(check));

        using HttpResponseMessage refused = await http.GetAsync("/internal/v1/stats");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        http.DefaultRequestHeaders.Add("dapr-api-token", AppToken);
        using var stats = JsonDocument.Parse(await http.GetStringAsync("/internal/v1/stats"));
        Assert.Equal("relay-test", stats.RootElement.GetProperty("id").GetString());
        Assert.Equal(1, stats.RootElement.GetProperty("flows").GetInt32());
        Assert.True(stats.RootElement.GetProperty("packets").GetProperty("forward").GetInt64() >= 1);
        Assert.Equal(2, stats.RootElement.GetProperty("workers").GetArrayLength());
    }

    [Fact]
    public async Task Relay_Restarted_NextFrameDownReachesTheClientAndTeachesTheFlow()
    {
        using (HttpClient http = Http(_app!)) await BecomeReadyAsync(http);
        await AskAsync(Check());
        await _app!.StopAsync();
        await ((IAsyncDisposable)_app).DisposeAsync();
        _app = await StartAsync();
        using (HttpClient http = Http(_app)) await BecomeReadyAsync(http);
        while (_client.Receive() > 0) { }

        // The client says nothing. Packets that the transceiver sends on the known path arrive. Then plain media goes up without a check.
        bool isHeard = false;
        await UntilAsync(() =>
        {
            _transceiver.SendAgain();
            return Task.FromResult(isHeard |= _client.Receive() > 0);
        });
        byte[] media = new byte[100];
        media[0] = 0x80;
        Assert.NotEmpty(await AskAsync(media));
        Assert.Equal(2 * _linksPerWorker, _transceiver.LinkCount);
    }

    [Fact]
    public async Task Relay_StoreAway_KeepsItsTransceivers()
    {
        using HttpClient http = Http(_app!);
        await BecomeReadyAsync(http);
        _store.IsAway = true;
        await Task.Delay(1500);
        byte[] check = Check();
        Assert.Equal(check, await AskAsync(check));
    }

    [Fact]
    public async Task Relay_Stopped_EndsWithinTwoSecondsAndSaysItDrains()
    {
        using (HttpClient http = Http(_app!)) await BecomeReadyAsync(http);
        Instant started = MonotonicClock.Now;
        await _app!.StopAsync();
        Assert.True(MonotonicClock.Now - started < TimeSpan.FromSeconds(2));
        await UntilAsync(() => Task.FromResult(_transceiver.IsDraining));
    }

    /// <summary>Three secrets of this test.</summary>
    private sealed class FixedSecrets : ISecretStore
    {
        private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal)
        {
            [SecretNames.HintKeys] = "1:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            [SecretNames.PasswordKeys] = "1:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            [SecretNames.LinkKey] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        };

        public HintKeyRing HintKeys => HintKeyRing.TryParse(_values[SecretNames.HintKeys], out HintKeyRing? ring, out _) ? ring!
            : throw new InvalidOperationException();
        public KeyRing PasswordKeys => KeyRing.TryParse(_values[SecretNames.PasswordKeys], out KeyRing? ring, out _) ? ring!
            : throw new InvalidOperationException();
        public LinkKey LinkKey => Steering.LinkKey.TryParse(_values[SecretNames.LinkKey], out LinkKey? key, out _) ? key!
            : throw new InvalidOperationException();

        public Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default)
            => Task.FromResult(new SecretResult(SecretOutcome.Found, _values[key], null));
    }
}
