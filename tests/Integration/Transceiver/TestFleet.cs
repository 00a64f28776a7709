using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Link;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>A transceiver in this process, with a store and a broker in memory, on ports of its own.</summary>
internal sealed class TestFleet : IAsyncDisposable
{
    private static readonly DtlsCertificate FleetCertificate = DtlsCertificate.Generate();
    private static readonly string RingText = "0:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private static readonly string LinkKeyText = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeping;
    private bool _isKilled;

    private TestFleet(
        FleetKeys keys, MemoryStateStore store, RecordingPublisher publisher, LoopInvoker invoker, TransceiverOptions options,
        LinkScheme scheme, Func<string?>? selfTest = null)
    {
        (Publisher, Invoker) = (publisher, invoker);
        Keys = keys;
        Store = store;
        LinkListener[] listeners = [.. Enumerable.Range(0, options.WorkerCount).Select(_ => Listen(scheme))];
        Scheme = scheme;
        Links = [.. listeners.Select(l => l.Transport.LocalAddress)];
        Runtime = new TransceiverRuntime(
            Options, options, keys, listeners, store, Publisher, Invoker, TimeProvider.System, NullLoggerFactory.Instance, selfTest);
        Invoker.Apps[AppIds.Transceiver(options.Shard)] = Runtime;
        Runtime.Start();
        _keeping = Runtime.KeepSlotsAsync(_stop.Token);
    }

    public static FleetOptions Options { get; } = new();
    public static CertificateFingerprint Fingerprint => FleetCertificate.Fingerprint;

    public static Dictionary<string, string> Secrets => new(StringComparer.Ordinal)
    {
        [SecretNames.HintKeys] = RingText,
        [SecretNames.PasswordKeys] = RingText,
        [SecretNames.LinkKey] = LinkKeyText,
        [SecretNames.DtlsCertificate] = FleetCertificate.ToPem(),
    };

    public FleetKeys Keys { get; }
    public MemoryStateStore Store { get; }
    public RecordingPublisher Publisher { get; }
    public LoopInvoker Invoker { get; }
    public TransceiverRuntime Runtime { get; }
    public IReadOnlyList<TransportAddress> Links { get; }
    public LinkScheme Scheme { get; }

    /// <summary>Starts without waiting for slots, with another self-test.</summary>
    public static async Task<TestFleet> StartUnfitAsync(TransceiverOptions options, Func<string?> selfTest)
        => new(
            await LoadKeysAsync(), new MemoryStateStore(), new RecordingPublisher(), new LoopInvoker(), options, LinkScheme.Udp, selfTest);

    public static async Task<TestFleet> StartAsync(
        TransceiverOptions? options = null, LinkScheme scheme = LinkScheme.Udp, MemoryStateStore? store = null)
    {
        var fleet = new TestFleet(
            await LoadKeysAsync(), store ?? UsedStore(), new RecordingPublisher(), new LoopInvoker(),
            options ?? new TransceiverOptions { Workers = 2 }, scheme);
        // The loop that claims the slots says only at the end of its turn that sessions are taken.
        await Wait.UntilAsync(() => fleet.Runtime.ServedSlots == Options.SlotCount && fleet.Runtime.IsAdmitting, "the slots are claimed");
        return fleet;
    }

    /// <summary>Starts one more transceiver, of another shard, on the same store and broker. It may have no slot yet.</summary>
    public async Task<TestFleet> AddAsync(TransceiverOptions options)
        => new(await LoadKeysAsync(), Store, Publisher, Invoker, options, Scheme);

    /// <summary>A store in which the region is not new: in an empty one a transceiver waits a lease before it claims anything.</summary>
    public static MemoryStateStore UsedStore()
    {
        var store = new MemoryStateStore();
        for (int slot = 0; slot < Options.SlotCount; slot++)
            store.Put(ComponentNames.Sessions, StateKeys.Slot(Options.Region, slot), new SlotRecord(Options.Region, slot, null, null, 0),
                ContractsJson.Default.SlotRecord);
        return store;
    }

    private static Task<FleetKeys> LoadKeysAsync() => FleetKeys.LoadAsync(
        new MemorySecretStore(Secrets), FleetSecrets.Transceiver, NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    /// <summary>Creates a record as signaling does.</summary>
    public SessionRecord NewRecord(CertificateFingerprint caller, string agent = "echo", int? slot = null)
    {
        var id = new SessionId(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
        string callId = CallId.Format(Options.Region, id.ToString());
        int chosen = slot ?? (int)(id.Value % 64);
        var hint = new RoutingHint(Keys.HintKeys.CurrentId, (byte)Options.RegionNumber, (ushort)chosen, id, 0,
            RoutingHint.ToMinutes(DateTimeOffset.UtcNow) + 10);
        return new SessionRecord
        {
            CallId = callId,
            Region = Options.Region,
            Slot = chosen,
            OwnerAppId = AppIds.Transceiver(0),
            Agent = agent,
            LocalUfrag = hint.Encode(Keys.HintKeys),
            Offer = new OfferFacts(
                TalkingPeer.Credentials.Ufrag, [caller.ToString()], true, "0", 111, null, TalkingPeer.AudioSsrc, true, true, 5000, 262_144,
                SealedIcePassword.Seal(
                    Keys.PasswordKeys, callId, TalkingPeer.Credentials.Password,
                    RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes))),
            Answer = new AnswerFacts(0x2222_2222, "voice", "stream track"),
            MaximumSeconds = 600,
            ClientKind = "openai",
            CreatedAt = DateTimeOffset.UtcNow,
            EventSequence = 1,
        };
    }

    /// <summary>Pushes a record as signaling does. The transceiver takes it.</summary>
    public void Admit(SessionRecord record) => Assert.Equal(AdmissionOutcome.Admitted, Runtime.Admit(record));

    public Task SaveAsync(SessionRecord record)
        => Store.TryCreateAsync(ComponentNames.Sessions, StateKeys.Session(record.CallId), record, ContractsJson.Default.SessionRecord);

    public SessionRecord? Stored(SessionRecord record)
        => Store.Peek(ComponentNames.Sessions, StateKeys.Session(record.CallId), ContractsJson.Default.SessionRecord);

    /// <summary>The types and sequence numbers of a session's events, in the order of publication.</summary>
    public IReadOnlyList<string> Events(SessionRecord record)
        => [.. Publisher.Published.Where(p => p.Event.GetProperty("subject").GetString() == record.CallId)
            .Select(p =>
            $"{p.Event.GetProperty("type").GetString()} {p.Event.GetProperty("id").GetString()![(record.CallId.Length + 1)..]}")];

    private static LinkListener Listen(LinkScheme scheme)
    {
        var loopback = TransportAddress.FromIPv4(0x7F00_0001, 0);
        LinkTransport transport = scheme == LinkScheme.Tcp ? TcpLinkTransport.Listen(loopback) : UdpLinkTransport.Bind(loopback);
        return new LinkListener(transport, new LinkEndpoint(transport.Scheme, "127.0.0.1", transport.LocalAddress.Port));
    }

    public async Task StopKeepingAsync()
    {
        await _stop.CancelAsync();
        await _keeping;
    }

    /// <summary>Ends the transceiver as a kill does: its ports are closed, and it says nothing to anybody.</summary>
    public async Task KillAsync()
    {
        await StopKeepingAsync();
        await Runtime.DisposeAsync();
        _isKilled = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isKilled) await KillAsync();
        _stop.Dispose();
    }
}
