using System.Runtime.CompilerServices;
using System.Text.Json;
using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.WebRtc;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Drops;

/// <summary>One vocabulary: every reason of every library has its word, and every word of a library's group its reason.</summary>
public sealed class PeerDropTableTests
{
    private static readonly string[] OwnGroups = ["Media", "Budget", "Client", "Agent"];

    private static readonly SessionDrop[] WorkersOwn =
    [
        SessionDrop.UnknownSession, SessionDrop.SessionGone, SessionDrop.BadHint, SessionDrop.UnauthenticCheck, SessionDrop.NotOurSlot,
        SessionDrop.NotAdmitting,
        SessionDrop.TooManyLoads, SessionDrop.ShelfFull, SessionDrop.ShelfAbandoned, SessionDrop.Oversized, SessionDrop.NoLink,
        SessionDrop.HandingOver, SessionDrop.Fenced,
    ];

    [Fact]
    public void Tables_OfAllLibraries_CoverTheVocabularyOnceAndWithNothingLeft()
    {
        SessionDrop[] mapped =
        [
            .. Words<PeerDrop>("Peer", null), .. Words<IceDropReason>("Ice", null), .. Words<DtlsDropReason>("Dtls", null),
            .. Words<SrtpError>("Srtp", SrtpError.None), .. Words<SrtpError>("Srtcp", SrtpError.None),
            .. Words<RtpParseError>("Rtp", RtpParseError.None), .. Words<RtcpParseError>("Rtcp", RtcpParseError.None),
            .. Words<JitterInsertResult>("Jitter", JitterInsertResult.Accepted), .. Words<SctpDropReason>("Sctp", null),
        ];
        Assert.Equal(mapped.Length, mapped.Distinct().Count());
        SessionDrop[] own = [.. Enum.GetValues<SessionDrop>().Except(mapped)];
        Assert.Equal(WorkersOwn.Order(), own.Where(d => !OwnGroups.Any(group => d.ToString().StartsWith(group, StringComparison.Ordinal)))
            .Order());
    }

    [Fact]
    public void Of_AReasonWithoutAWord_SaysWhich()
        => Assert.Contains("OtherMalformed", Assert.Throws<InvalidOperationException>(
        () => PeerDropTable.Of<IceDropReason>("Other")).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_OfASession_HasEachLayersDropsAndAllocatesNothing()
    {
        using var network = new SimulatedNetwork(1);
        byte[] garbage = [77, 1, 2, 3];
        byte[] stun = [0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        byte[] media = new byte[60];
        (media[0], media[1]) = (0x80, 111);
        var from = new TransportPath(0, SimulatedNetwork.CallerAddress);
        network.Server.Receive(media, from, network.Now);
        network.Server.SendAudio(media, 960, false, network.Now);
        network.Connect();
        network.Server.Receive(garbage, from, network.Now);
        network.Server.Receive(stun, from, network.Now);
        network.Server.Receive(media, from, network.Now);
        network.Server.SendAudio(new byte[PeerSession.MaximumDatagramBytes], 960, false, network.Now);
        for (int i = 0; i < 17; i++) network.Server.SendAudio(media, 960, false, network.Now);
        long[] totals = new long[Enum.GetValues<SessionDrop>().Length];
        PeerDropTable.Read(network.Server, totals);
        foreach (SessionDrop reason in new[]
        {
            SessionDrop.PeerMediaBeforeDtls, SessionDrop.PeerAudioBeforeDtls, SessionDrop.PeerUnknownKind, SessionDrop.IceNoFingerprint,
            SessionDrop.SrtpAuthenticationFailed, SessionDrop.PeerAudioTooLong, SessionDrop.PeerTransmitRingFull,
        })
        {
            Assert.True(totals[(int)reason] >= 1, $"{reason}: {totals[(int)reason]}");
        }
        Assert.Equal(0, Allocations.Of(() => PeerDropTable.Read(network.Server, totals)));

        network.Server.Close(network.Now);
        network.Server.Receive(garbage, from, network.Now);
        PeerDropTable.Read(network.Server, totals);
        Assert.Equal(1, totals[(int)SessionDrop.PeerClosed]);
    }

    [Fact]
    public void Read_OfASessionWhosePeerUsesAnotherCodecAndAnotherChannel_HasBoth()
    {
        using var network = new SimulatedNetwork(2);
        network.Connect();
        PeerSessionState caller = network.Caller.ExportState(network.Now), server = network.Server.ExportState(network.Now);
        using var other = PeerSession.Import(
            caller with { Sender = caller.Sender! with { PayloadType = 100 } }, SimulatedNetwork.ServerCertificate, TimeSpan.Zero,
            Seeded.Random(3), network.Now);
        var channels = new DataChannelSetState
        {
            IsDtlsClient = server.Channels!.IsDtlsClient,
            Channels = [server.Channels.Channels[0], new DataChannelSetState.ChannelState { Id = 7, Label = PeerSession.EventsLabel,
                Phase = DataChannelPhase.Open }],
        };
        using var receiver = PeerSession.Import(
            server with { EventsChannel = 7, Channels = channels }, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random(3),
            network.Now);
        other.SendAudio(new byte[60], 960, false, network.Now);
        Assert.True(other.SendText("who hears this?"u8, network.Now));
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        var from = new TransportPath(3, SimulatedNetwork.CallerAddress);
        while (other.TryTransmit(buffer, out int length, out _, network.Now)) receiver.Receive(buffer.AsSpan(0, length), from, network.Now);
        Assert.False(receiver.TryReceiveMessage(out _, network.Now));
        Assert.Equal(1, receiver.Dropped(PeerDrop.UnknownPayloadType));
        Assert.Equal(1, receiver.Dropped(PeerDrop.OtherChannel));
    }

    [Fact]
    public void DropsPage_HasEveryReason()
    {
        string page = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../../docs/drops.md"));
        foreach (SessionDrop reason in Enum.GetValues<SessionDrop>())
            Assert.Contains($"`{JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString())}`", page, StringComparison.Ordinal);
    }

    private static string Here([CallerFilePath] string path = "") => path;

    private static IEnumerable<SessionDrop> Words<TReason>(string layer, TReason? success) where TReason : struct, Enum
        => PeerDropTable.Of(layer, success).Where(word => word is not null).Select(word => word!.Value);
}
