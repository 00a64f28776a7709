using Dapr.Voice.Hosting;
using Dapr.Voice.Native;
using Dapr.Voice.Contracts;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Relay.Succession;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Steering;
using Dapr.Voice.Wire;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

/// <summary>Two "processes" that share a file in memory, as those of a supervisor do.</summary>
public sealed class LegacyTests : IDisposable
{
    private const FleetSecrets Needed = FleetSecrets.Relay | FleetSecrets.PasswordKeys;
    private static readonly LinkTarget[] Targets =
        [new(LinkScheme.Udp, TransportAddress.FromIPv4(0x0A000004, 20_000)), new(LinkScheme.Tcp, new TransportAddress(1, 2, 20_001))];

    private readonly SafeFileHandle _held = new(LibC.memfd_create("test", LibC.MFD_CLOEXEC), ownsHandle: true);

    public void Dispose() => _held.Dispose();

    [Fact]
    public async Task Leave_KeysAndTargets_TheNextProcessReadsThem()
    {
        FleetKeys keys = await KeysAsync();
        using Legacy first = Process(), second = Process();
        Assert.Null(second.Read(Needed));
        first.Leave(Targets);
        Assert.Null(second.Read(Needed));
        first.Leave(keys);
        (FleetKeys Keys, IReadOnlyList<LinkTarget> Targets)? left = second.Read(Needed);
        Assert.NotNull(left);
        Assert.Equal(Targets, left.Value.Targets);
        Assert.Equal(keys.Export(), left.Value.Keys.Export());
        string ufrag = RelayPackets.Hint(7).Encode(keys.HintKeys);
        Assert.True(RoutingHint.TryDecode(System.Text.Encoding.ASCII.GetBytes(ufrag), left.Value.Keys.HintKeys, out _, out _));
        // A shorter text replaces a longer one as a whole.
        first.Leave([]);
        Assert.Empty(second.Read(Needed)!.Value.Targets);
    }

    [Fact]
    public async Task Read_SecretThatIsMissingOrBytesThatWereHalfWritten_IsNothing()
    {
        using Legacy legacy = Process();
        legacy.Leave(await KeysAsync());
        Assert.Null(legacy.Read(Needed | FleetSecrets.TokenKeys));
        Assert.NotNull(legacy.Read(Needed));
        RandomAccess.Write(_held, [1, 2, 3], 40);
        Assert.Null(legacy.Read(Needed));
        RandomAccess.SetLength(_held, 20);
        Assert.Null(legacy.Read(Needed));
    }

    [Fact]
    public void TrySucceed_AnotherProcessIsTheRelay_OnlyItsEndChangesThat()
    {
        using Legacy second = Process();
        using (Legacy first = Process())
        {
            Assert.True(first.TrySucceed());
            Assert.True(first.TrySucceed());
            Assert.False(second.TrySucceed());
        }
        second.Succeed();
        Assert.True(second.TrySucceed());
    }

    [Fact]
    public async Task Open_NothingInherited_IsTheRelayAndLeavesNothing()
    {
        using var alone = Legacy.Open(null);
        Assert.True(alone.TrySucceed());
        alone.Leave(await KeysAsync());
        alone.Leave(Targets);
        Assert.Null(alone.Read(Needed));
    }

    [Fact]
    public void Rehearsal_Run_CarriesAPacketThereAndBackOverEachKindOfLink() => Assert.True(Rehearsal.Run());

    private Legacy Process() => Legacy.Open(LibC.fcntl((int)_held.DangerousGetHandle(), LibC.F_DUPFD_CLOEXEC, 3));

    private static Task<FleetKeys> KeysAsync() => FleetKeys.LoadAsync(
        new MemorySecretStore(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [SecretNames.HintKeys] = SteeringKeys.RingText(1),
            [SecretNames.PasswordKeys] = SteeringKeys.RingText(1),
            [SecretNames.LinkKey] = Convert.ToBase64String(SteeringKeys.KeyBytes(9)),
        }),
        Needed, NullLogger.Instance, TimeProvider.System, CancellationToken.None);
}
