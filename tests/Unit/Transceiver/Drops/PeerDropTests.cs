using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Sctp;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.WebRtc;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Drops;

/// <summary>Packets and messages that a session drops are counted under their words in <see cref="SessionDrop"/>.</summary>
public sealed class PeerDropTests
{
    private static readonly TransportPath Caller = new(3, SimulatedNetwork.CallerAddress);

    [Fact]
    public void Receive_DtlsBeforeAnyCheck_IsDropped()
    {
        using var network = new SimulatedNetwork(11);
        network.Server.Receive([22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Caller, network.Now);
        Assert.Equal(1, Dropped(network.Server, SessionDrop.PeerDtlsBeforeIce));
    }

    [Fact]
    public void SessionWithoutAudio_MediaInEitherDirection_IsNotNegotiated()
    {
        var now = Instant.FromMilliseconds(1000);
        using var session = new PeerSession(new PeerSessionOptions
        {
            IceRole = IceRole.Lite,
            LocalCredentials = new IceCredentials("aabbccddeeffgghh", "serverserverserverserver"),
            DtlsRole = DtlsRole.Server,
            Certificate = SimulatedNetwork.ServerCertificate,
            ExpectedFingerprints = [SimulatedNetwork.ServerCertificate.Fingerprint],
            Data = new PeerDataOptions(),
            Random = Seeded.Random(4),
        }, now);
        session.Receive(Rtp(), Caller, now);
        session.SendAudio(new byte[60], 960, false, now);
        Assert.Equal(1, Dropped(session, SessionDrop.PeerMediaNotNegotiated));
        Assert.Equal(1, Dropped(session, SessionDrop.PeerAudioNotNegotiated));
    }

    [Fact]
    public void Receive_NewStreamWhilePacketsOfTheOldOneAreHeld_CountsThem()
    {
        using var network = new SimulatedNetwork(12);
        network.Connect();
        PeerSessionState state = network.Caller.ExportState(network.Now);
        Assert.True(Deliver(network.Caller, network, drop: false));
        // The second packet is lost, so that the third waits in the jitter buffer.
        Assert.True(Deliver(network.Caller, network, drop: true));
        Assert.True(Deliver(network.Caller, network, drop: false));
        using var restarted = PeerSession.Import(
            state with { Sender = state.Sender! with { Ssrc = 0x3333_3333 } }, SimulatedNetwork.ServerCertificate, TimeSpan.Zero,
            Seeded.Random(5), network.Now);
        Assert.True(Deliver(restarted, network, drop: false));
        Assert.Equal(1, Dropped(network.Server, SessionDrop.PeerStreamRestarted));
    }

    [Fact]
    public void Receive_MessageOnAStreamBeyondTheMostChannels_IsStray()
    {
        using var network = new SimulatedNetwork(13);
        network.Connect();
        PeerSessionState server = network.Server.ExportState(network.Now);
        var others = new DataChannelSetState
        {
            IsDtlsClient = server.Channels!.IsDtlsClient,
            Channels = [.. Enumerable.Range(100, DataChannelSet.MaximumChannels).Select(id => new DataChannelSetState.ChannelState
                { Id = (ushort)id, Label = "other", Phase = DataChannelPhase.Open })],
        };
        using var receiver = PeerSession.Import(
            server with { EventsChannel = 100, Channels = others }, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random(6),
            network.Now);
        Assert.True(network.Caller.SendText("who hears this?"u8, network.Now));
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        while (network.Caller.TryTransmit(buffer, out int length, out _, network.Now))
            receiver.Receive(buffer.AsSpan(0, length), Caller, network.Now);
        Assert.False(receiver.TryReceiveMessage(out _, network.Now));
        Assert.Equal(1, Dropped(receiver, SessionDrop.PeerStrayMessage));
    }

    private static long Dropped(PeerSession session, SessionDrop reason)
    {
        long[] totals = new long[Enum.GetValues<SessionDrop>().Length];
        PeerDropTable.Read(session, totals);
        return totals[(int)reason];
    }

    private static byte[] Rtp()
    {
        byte[] packet = new byte[60];
        (packet[0], packet[1]) = (0x80, 111);
        return packet;
    }

    /// <summary>Sends one frame to the server, or loses it on the way.</summary>
    private static bool Deliver(PeerSession from, SimulatedNetwork network, bool drop)
    {
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        bool isSent = false;
        from.SendAudio(new byte[60], 960, false, network.Now);
        while (from.TryTransmit(buffer, out int length, out _, network.Now))
        {
            bool isAudio = DatagramDemultiplexer.Classify(buffer.AsSpan(0, length)) == DatagramKind.Rtp;
            isSent |= isAudio;
            if (!(isAudio && drop)) network.Server.Receive(buffer.AsSpan(0, length), Caller, network.Now);
        }
        while (network.Server.TryReceiveAudio(buffer, out _, out _, network.Now)) { }
        return isSent;
    }
}
