using System.Text;
using Dapr.Voice.Ice;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ice;

public sealed class IceProperties
{
    private static readonly IceCredentials Local = SimulatedIceNetwork.Credentials("server");
    private static readonly IceCredentials Remote = SimulatedIceNetwork.Credentials("caller");
    private static readonly TransportPath Path = new(0, SimulatedIceNetwork.Address("192.0.2.1:5000"));

    [Fact]
    public void Receive_AnyBytes_NeverThrowsNorSelects()
        => Prop.ForAll<byte[]>(bytes =>
        {
            foreach (IceRole role in Enum.GetValues<IceRole>())
            {
                var agent = new IceAgent(role, Local, Remote, 1, Seeded.Random(1), Instant.Zero);
                agent.Receive(bytes, Path, Instant.Zero);
                Assert.Null(agent.SelectedPath);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Receive_MutatedChecks_NeverThrowAndNeverPass()
    {
        var random = new Random(8445);
        byte[] buffer = new byte[IceAgent.MaximumDatagramLength];
        foreach (IceRole role in Enum.GetValues<IceRole>())
        {
            var agent = new IceAgent(role, Local, Remote, 1, Seeded.Random(1), Instant.Zero);
            for (int i = 0; i < 10_000; i++)
            {
                byte[] bytes = Checks.Request($"{Local.Ufrag}:{Remote.Ufrag}", Local.Password, usesCandidate: true);
                int at = random.Next(bytes.Length);
                bytes[at] ^= (byte)random.Next(1, 256);
                int length = random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length;
                agent.Receive(bytes.AsSpan(0, length), Path, Instant.FromMilliseconds(i));
                while (agent.TryTransmit(buffer, out _, out _)) { }
            }
            Assert.Null(agent.SelectedPath);
            Assert.Equal(0, agent.Statistics.ChecksReceived);
        }
    }

    [Fact]
    public void Receive_SignedNonsense_NeverThrows()
    {
        // A peer that knows the password but writes what it likes.
        var random = new Random(7675);
        byte[] buffer = new byte[IceAgent.MaximumDatagramLength];
        byte[] key = Encoding.UTF8.GetBytes(Local.Password);
        byte[] id = new byte[12];
        foreach (IceRole role in Enum.GetValues<IceRole>())
        {
            var agent = new IceAgent(role, Local, Remote, 1, Seeded.Random(1), Instant.Zero);
            byte[] message = new byte[1200];
            for (int i = 0; i < 5_000; i++)
            {
                random.NextBytes(id);
                var writer = new Stun.RandomStunMessage(message, (byte)random.Next(4), id);
                writer.AddRandom(random, $"{Local.Ufrag}:{Remote.Ufrag}");
                int length = writer.Sign(key);
                TransportPath from = Path with { Base = random.Next(20), Remote = Path.Remote with { Port = (ushort)random.Next(20) } };
                agent.Receive(message.AsSpan(0, length), from, Instant.FromMilliseconds(i * 7));
                if (random.Next(8) == 0) agent.NoteAuthenticatedPacket(from, Instant.FromMilliseconds(i * 7));
                agent.HandleTimeout(Instant.FromMilliseconds(i * 7));
                while (random.Next(3) != 0 && agent.TryTransmit(buffer, out _, out _)) { }
                while (agent.TryTakeEvent(out _)) { }
                Assert.True(agent.ExportState().Paths.Count <= IceAgent.MaximumPaths);
            }
        }
    }
}
