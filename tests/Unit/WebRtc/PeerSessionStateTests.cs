using System.Text;
using Dapr.Voice.TestKit;
using Dapr.Voice.WebRtc;
using Xunit;

namespace Dapr.Voice.Tests.Unit.WebRtc;

public sealed class PeerSessionStateTests
{
    [Fact]
    public void ToBytes_CheckpointOfACallWithOneChannel_IsSmall()
    {
        using SimulatedNetwork network = Talking(1);
        byte[] bytes = network.Server.ExportCheckpoint(network.Now).ToBytes();
        Assert.InRange(bytes.Length, 1000, 6 * 1024);
        // A checkpoint has no messages, so their number changes nothing.
        for (int i = 0; i < 200; i++) Assert.True(network.Server.SendText(new byte[1000], network.Now));
        Assert.InRange(network.Server.ExportCheckpoint(network.Now).ToBytes().Length, 1000, 6 * 1024);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TryRead_OfToBytesAtAnyMoment_GivesTheSameBytesAgain(bool isCheckpoint)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            using SimulatedNetwork network = Talking(seed);
            (network.Loss, network.JitterMilliseconds) = (0.1, 20);
            for (int i = 0; i < 20; i++)
            {
                network.Caller.SendAudio(new byte[60], 960, false, network.Now);
                network.Server.SendAudio(new byte[60], 960, false, network.Now);
                network.Caller.SendText(new byte[100 * i + 1], network.Now);
                network.Server.SendText(new byte[200 * i + 1], network.Now);
                network.Run(7);
                PeerSessionState state = isCheckpoint ? network.Server.ExportCheckpoint(network.Now)
                    : network.Server.ExportState(network.Now);
                byte[] bytes = state.ToBytes();
                Assert.True(PeerSessionState.TryRead(bytes, out PeerSessionState? read, out PeerStateError error), error.ToString());
                Assert.Equal(bytes, read!.ToBytes());
                using var imported = PeerSession.Import(
                    read, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random(1), network.Now);
                Assert.True(imported.IsConnected);
            }
        }
    }

    [Fact]
    public void TryRead_AnotherVersion_SaysSo()
    {
        using SimulatedNetwork network = Talking(1);
        byte[] bytes = network.Server.ExportCheckpoint(network.Now).ToBytes();
        bytes[0]++;
        Assert.False(PeerSessionState.TryRead(bytes, out PeerSessionState? state, out PeerStateError error));
        Assert.Null(state);
        Assert.Equal(PeerStateError.UnknownVersion, error);
        Assert.False(PeerSessionState.TryRead([], out _, out error));
        Assert.Equal(PeerStateError.BadLength, error);
        Assert.False(PeerSessionState.TryRead(new byte[PeerSessionState.MaximumBytes + 1], out _, out error));
        Assert.Equal(PeerStateError.BadLength, error);
    }

    [Fact]
    public void TryRead_FieldsOfANewerRelease_AreSkipped()
    {
        using SimulatedNetwork network = Talking(1);
        byte[] bytes = network.Server.ExportCheckpoint(network.Now).ToBytes();
        string json = Encoding.UTF8.GetString(bytes.AsSpan(1));
        byte[] newer = [PeerSessionState.Version, .. Encoding.UTF8.GetBytes("{\"Invented\":{\"A\":[1,2]}," + json[1..])];
        Assert.True(PeerSessionState.TryRead(newer, out PeerSessionState? read, out _));
        Assert.Equal(bytes, read!.ToBytes());
    }

    [Fact]
    public void TryRead_ACheckpointOfVersionOne_IsReadForAsLongAsThatVersionIs()
    {
        byte[] bytes = [PeerSessionState.Version, .. Encoding.UTF8.GetBytes(VersionOne)];
        Assert.True(PeerSessionState.TryRead(bytes, out PeerSessionState? state, out PeerStateError error), error.ToString());
        Assert.Equal(16_484, state!.Lease!.RtpIndex);
        Assert.Equal(9u, state.Sctp!.PeerTag);
        Assert.Equal(16_483, state.SrtpOutbound!.Sources[0].HighestIndex);
        using var resumed = PeerSession.Resume(
            state, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random(1), Dapr.Voice.Wire.Instant.FromMilliseconds(5));
        Assert.True(resumed.IsChannelOpen);
    }

    [Fact]
    public void TryRead_DamagedBytes_NeverThrowsAndWhatItReadsCanBeImported()
    {
        using SimulatedNetwork network = Talking(2);
        byte[] whole = network.Server.ExportCheckpoint(network.Now).ToBytes();
        byte[] exact = network.Server.ExportState(network.Now).ToBytes();
        var random = new Random(2);
        int readable = 0;
        for (int i = 0; i < 4000; i++)
        {
            byte[] bytes = [.. i % 2 == 0 ? whole : exact];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(1, bytes.Length);
                // Digits and letters keep it JSON more often.
                bytes[at] = (byte)(bytes[at] is >= (byte)'0' and <= (byte)'9' ? '0' + random.Next(10) : random.Next(256));
            }
            if (random.Next(4) == 0) bytes = bytes[..random.Next(bytes.Length)];
            if (!PeerSessionState.TryRead(bytes, out PeerSessionState? state, out PeerStateError error))
            {
                Assert.NotEqual(PeerStateError.None, error);
                continue;
            }
            readable++;
            using var imported = PeerSession.Import(
                state!, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random(1), network.Now);
        }
        Assert.True(readable > 100, $"{readable}");
    }

    [Fact]
    public void Resume_OfAnExactState_IsTheCallersMistake()
    {
        using SimulatedNetwork network = Talking(3);
        Assert.Throws<ArgumentException>(() => PeerSession.Resume(
            network.Server.ExportState(network.Now), SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random(1), network.Now));
    }

    [Fact]
    public void WithBases_PathsOfUnknownLinks_AreLeftOut()
    {
        using SimulatedNetwork network = Talking(4);
        PeerSessionState state = network.Server.ExportCheckpoint(network.Now);
        PeerSessionState moved = state.WithBases(old => old == 3 ? 17 : null);
        Assert.Equal(17, moved.Ice.SelectedPath!.Value.Base);
        Assert.Equal(17, Assert.Single(moved.Ice.Paths).Path.Base);
        PeerSessionState lost = state.WithBases(_ => null);
        Assert.Null(lost.Ice.SelectedPath);
        Assert.Empty(lost.Ice.Paths);
    }

    [Fact]
    public void ExportState_ToString_ShowsNoKey()
    {
        using SimulatedNetwork network = Talking(5);
        string text = network.Server.ExportCheckpoint(network.Now).ToString();
        Assert.DoesNotContain("serverserver", text, StringComparison.Ordinal);
    }

    private static SimulatedNetwork Talking(int seed)
    {
        var network = new SimulatedNetwork(seed);
        network.Connect();
        for (int i = 0; i < 50; i++)
        {
            network.Caller.SendAudio(new byte[60], 960, false, network.Now);
            network.Server.SendAudio(new byte[60], 960, false, network.Now);
            if (i % 5 == 0) Assert.True(network.Server.SendText("hello"u8, network.Now));
            network.Run(20);
        }
        return network;
    }

    // What release 0.1 wrote, with keys that never were secret. It stays as it is.
    private const string VersionOne = """
        {"IsCheckpoint": true, "Lease": {"Number": 3, "RtpIndex": 16484, "RtpLead": 16384, "Timestamp": 480077,
        "TimestampLead": 2880000, "RtcpIndex": 65539, "DtlsSequenceNumber": 16777282, "SctpTag": 8, "Tsn": 1100,
        "InboundRtpIndex": 25150}, "IceRole": 0, "Ice": {"Role": 0, "Local": {"Ufrag": "aabbccddeeffgghh", "Password":
        "serverserverserverserver"}, "PreviousLocal": null, "Remote": {"Ufrag": "cafe", "Password":
        "callercallercallercaller"}, "TieBreaker": 0, "Paths": [{"Path": {"Base": 3, "Remote": {"High": 0, "Low":
        281473902969346, "Port": 40000}}, "RemotePriority": 1862270975, "IsValidated": true, "HasSucceeded": false,
        "IsNominated": true, "IsProven": true}], "SelectedPath": {"Base": 3, "Remote": {"High": 0, "Low": 281473902969346,
        "Port": 40000}}, "HasEnded": false, "RoundTripTime": "00:00:00.0200000", "SeenTransactions":
        "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ", "NeedsChallengeToMove": true}, "Dtls": {"Role": 1, "CipherSuite": 49195,
        "MasterSecret": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", "ClientRandom":
        "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=", "ServerRandom": "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=",
        "NextWriteSequenceNumber": 16777282, "HighestReadSequenceNumber": 65, "FinalFlight": ""}, "Path": {"Base": 3,
        "Remote": {"High": 0, "Low": 281473902969346, "Port": 40000}}, "Audio": {"LocalSsrc": 572662306, "Cname": "server",
        "PayloadType": 111, "FirstSequenceNumber": 100, "FirstTimestamp": 77}, "Data": {"RemotePort": 5000,
        "RemoteMaximumMessageSize": 262144, "OpenLabel": null, "ChunksPerSecond": 0}, "SrtpOutbound": {"Profile": 7, "Key":
        "BAQEBAQEBAQEBAQEBAQEBA==", "Salt": "BgYGBgYGBgYGBgYG", "Sources": [{"Ssrc": 572662306, "HighestIndex": 16483,
        "SeenHigh": 18446744073709551615, "SeenLow": 18446744073709551615, "IsStale": false}]}, "SrtpInbound": {"Profile": 7,
        "Key": "BQUFBQUFBQUFBQUFBQUFBQ==", "Salt": "BwcHBwcHBwcHBwcH", "Sources": [{"Ssrc": 286331153, "HighestIndex": 25150,
        "SeenHigh": 18446744073709551615, "SeenLow": 18446744073709551615, "IsStale": true}]}, "SrtcpOutbound": {"Profile": 7,
        "Key": "BAQEBAQEBAQEBAQEBAQEBA==", "Salt": "BgYGBgYGBgYGBgYG", "Sources": [{"Ssrc": 572662306, "HighestIndex": 65538,
        "SeenHigh": 18446744073709551615, "SeenLow": 18446744073709551615, "IsStale": false}]}, "SrtcpInbound": {"Profile": 7,
        "Key": "BQUFBQUFBQUFBQUFBQUFBQ==", "Salt": "BwcHBwcHBwcHBwcH", "Sources": [{"Ssrc": 286331153, "HighestIndex": 2,
        "SeenHigh": 0, "SeenLow": 7, "IsStale": false}]}, "Sender": {"Ssrc": 572662306, "PayloadType": 111,
        "NextSequenceNumber": 16484, "NextTimestamp": 480077, "PacketCount": 151, "OctetCount": 9060, "LastTimestamp": 480077,
        "SinceLastPacket": null}, "Receiver": null, "Jitter": null, "Sctp": {"Phase": 3, "CloseReason": 0, "RandomState": 0,
        "LocalTag": 8, "PeerTag": 9, "LocalInitialTsn": 1, "PeerWindow": 18560, "PeerInboundStreams": 1024, "PeerForwardsTsn":
        true, "PeerResetsStreams": true, "PeerCookie": null, "IssuedCookie": null, "Retransmissions": 0,
        "RetransmissionTimeout": "00:00:00.1000000", "SmoothedRoundTrip": "00:00:00.0200000", "RoundTripVariation":
        "00:00:00.0000024", "CongestionWindowBytes": 4404, "SlowStartThreshold": 2147483647, "Streams": [{"Id": 0,
        "NextInbound": 32, "NextOutbound": 1032}], "OutboundHeadTsn": 1100, "Outbound": [], "CumulativeTsn": 500, "TsnRuns":
        [], "Held": [], "Ready": [], "NextResetRequest": 1, "ExpectedResetRequest": 480, "LastResetResult": 0,
        "StreamsToReset": [], "OwnReset": null, "DeferredPeerReset": null, "Events": [], "Continuation": {"Skips": [1031],
        "IsCollecting": true, "Collected": [], "KnownStreams": null, "FirstTsn": null}}, "Channels": {"IsDtlsClient": false,
        "Channels": [{"Id": 0, "Label": "oai-events", "Protocol": "", "IsOrdered": true, "MaxRetransmits": null,
        "MaxLifetime": null, "Phase": 1, "IsOutgoingReset": false, "IsIncomingReset": false, "IsAnswerUncertain": true}],
        "Pending": []}, "EventsChannel": 0}
        """;
}
