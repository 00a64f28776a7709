using System.Text;
using System.Text.Json;
using Dapr.Voice.Dtls;
using Dapr.Voice.Sctp;
using Dapr.Voice.TestKit;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.WebRtc;

public sealed class PeerSessionTests
{
    /// <summary>Both ends send a numbered frame every 20 ms, and a message each now and then.</summary>
    private static void Talk(SimulatedNetwork network, int frames, ref int number)
    {
        for (int i = 0; i < frames; i++, number++)
        {
            byte[] payload = new byte[60];
            BitConverter.TryWriteBytes(payload, number);
            network.Caller.SendAudio(payload, 960, number == 0, network.Now);
            network.Server.SendAudio(payload, 960, number == 0, network.Now);
            if (number % 5 == 0)
            {
                Assert.True(network.Caller.SendText(Encoding.UTF8.GetBytes($"up {number}"), network.Now));
                Assert.True(network.Server.SendText(Encoding.UTF8.GetBytes($"down {number}"), network.Now));
            }
            network.Run(20);
        }
    }

    private static int[] Numbers(IEnumerable<(bool IsLost, uint Timestamp, byte[] Payload)> heard)
        => [.. heard.Where(h => !h.IsLost).Select(h => BitConverter.ToInt32(h.Payload))];

    private static string[] Texts(string prefix, int frames)
        => [.. Enumerable.Range(0, frames).Where(n => n % 5 == 0).Select(n => $"{prefix} {n}")];

    [Fact]
    public void Connect_CallerAndServer_HaveMediaAndChannelAndSayEachOnce()
    {
        using var network = new SimulatedNetwork(1);
        network.Connect();
        int number = 0;
        Talk(network, 50, ref number);
        network.Run(500);
        Assert.Equal(Enumerable.Range(0, 50), Numbers(network.HeardByServer));
        Assert.Equal(Enumerable.Range(0, 50), Numbers(network.HeardByCaller));
        Assert.Equal(Texts("up", 50), network.ReadByServer);
        Assert.Equal(Texts("down", 50), network.ReadByCaller);
        foreach (List<PeerEvent>? events in new[] { network.CallerEvents, network.ServerEvents })
        {
            Assert.Single(events, e => e.Kind == PeerEventKind.IceConnected);
            Assert.Single(events, e => e.Kind == PeerEventKind.DtlsConnected);
            Assert.Single(events, e => e.Kind == PeerEventKind.ChannelOpened);
            Assert.DoesNotContain(events, e => e.Kind == PeerEventKind.Closed);
        }
        Assert.InRange(network.Server.Statistics.RoundTripMilliseconds!.Value, 15, 30);
        Assert.Equal(0, network.Server.Statistics.RtpLost);
    }

    [Theory]
    [InlineData(DatagramKind.Rtp)]
    [InlineData(DatagramKind.Rtcp)]
    [InlineData(DatagramKind.Dtls)]
    public void Silence_OfChecksWhileAnythingElseArrives_KeepsTheCall(DatagramKind kind)
    {
        using var network = new SimulatedNetwork(31);
        network.Connect();
        network.OnlyToServer = [kind];
        for (int second = 0; second < 45; second++)
        {
            network.Caller.SendAudio(new byte[60], 48_000, false, network.Now);
            if (kind == DatagramKind.Dtls) Assert.True(network.Caller.SendText("still here"u8, network.Now));
            network.Run(1000);
        }
        Assert.True(network.Server.IsConnected);
        Assert.True(network.Caller.IsConnected);
    }

    [Fact]
    public void Silence_OfEverything_EndsTheCallWithAGoodbye()
    {
        using var network = new SimulatedNetwork(32);
        network.Connect();
        network.OnlyToServer = [];
        network.Run(29_000);
        Assert.True(network.Server.IsConnected);
        network.Run(2000);
        Assert.Equal(PeerCloseReason.ConsentExpired, network.ServerEvents.Single(e => e.Kind == PeerEventKind.Closed).Reason);
        Assert.Equal(PeerCloseReason.ByPeer, network.CallerEvents.Single(e => e.Kind == PeerEventKind.Closed).Reason);
        // The silence was in one direction only, so the caller hears why.
        Assert.Equal(SimulatedNetwork.Farewell, network.ReadByCaller[^1]);
    }

    [Fact]
    public void Channel_SecondOneWithTheLabelOfTheDialect_IsClosedAndReported()
    {
        using var network = new SimulatedNetwork(35);
        network.Connect();
        DataChannel second = network.Caller.OpenChannel(PeerSession.EventsLabel, network.Now)!;
        Assert.True(network.RunUntil(() => network.ServerEvents.Any(e => e.Kind == PeerEventKind.SecondEventsChannel), 1000));
        Assert.True(network.RunUntil(() => second.Phase is DataChannelPhase.Closing or DataChannelPhase.Closed, 1000));
        Assert.True(network.Caller.SendText("still read"u8, network.Now));
        Assert.True(network.RunUntil(() => network.ReadByServer.Contains("still read"), 1000));
        Assert.True(network.Server.IsChannelOpen);
    }

    [Fact]
    public void Channel_MessageOnAnotherOne_IsReported()
    {
        using var network = new SimulatedNetwork(36);
        network.Connect();
        DataChannel chat = network.Caller.OpenChannel("chat", network.Now)!;
        Assert.True(network.Caller.SendTextOn(chat, "hello"u8, network.Now));
        Assert.True(network.RunUntil(() => network.ServerEvents.Any(e => e.Kind == PeerEventKind.MessageOnOtherChannel), 1000));
        Assert.DoesNotContain("hello", network.ReadByServer);
    }

    [Theory]
    [InlineData("realtime-channel")]
    [InlineData("")]
    [InlineData("OAI-Events")]
    public void Channel_WithAnotherLabel_CarriesTheEvents(string label)
    {
        using var network = new SimulatedNetwork(33, label: label);
        Assert.True(network.RunUntil(() => network.Server.IsChannelOpen));
        Assert.True(network.Server.SendText("session.created"u8, network.Now));
        Assert.True(network.RunUntil(() => network.ReadByCaller.Contains("session.created"), 1000));
        Assert.True(network.Caller.SendText("session.update"u8, network.Now));
        Assert.True(network.RunUntil(() => network.ReadByServer.Contains("session.update"), 1000));
        Assert.Single(network.ServerEvents, e => e.Kind == PeerEventKind.ChannelOpened);
    }

    [Fact]
    public void Close_WithADataChannel_AbortsTheAssociationBeforeCloseNotify()
    {
        using var network = new SimulatedNetwork(34);
        network.Connect();
        network.Server.Close(network.Now);
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        var sent = new List<byte>();
        while (network.Server.TryTransmit(buffer, out _, out _, network.Now)) sent.Add(buffer[0]);
        // RTCP, a record of application data, an alert (RFC 6347, section 4.1).
        Assert.Equal([23, 21], sent.Where(first => first < 64));
        Assert.True(sent[0] >= 128);
    }

    [Fact]
    public void FirstMessage_InThePacketThatAcknowledgesTheChannel_IsNotLost()
    {
        using var network = new SimulatedNetwork(8);
        Assert.True(network.RunUntil(() => network.Server.IsChannelOpen));
        Assert.False(network.Caller.IsChannelOpen);
        Assert.True(network.Server.SendText("session.created"u8, network.Now));
        Assert.True(network.RunUntil(() => network.ReadByCaller.Count > 0, 1000));
        network.Run(100);
        Assert.Equal(["session.created"], network.ReadByCaller);
        Assert.Single(network.CallerEvents, e => e.Kind == PeerEventKind.ChannelOpened);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Talk_WithLossReorderingAndDuplication_MessagesAllArriveOnceAndAudioInOrder(int seed)
    {
        using var network = new SimulatedNetwork(seed);
        network.Connect();
        (network.Loss, network.Duplication, network.JitterMilliseconds) = (0.05, 0.05, 30);
        int number = 0;
        Talk(network, 200, ref number);
        network.Run(5000);
        Assert.Equal(Texts("up", 200), network.ReadByServer);
        Assert.Equal(Texts("down", 200), network.ReadByCaller);
        foreach (int[] heard in new[] { Numbers(network.HeardByServer), Numbers(network.HeardByCaller) })
        {
            Assert.InRange(heard.Length, 170, 200);
            Assert.Equal(heard.Order().Distinct(), heard);
        }
        // Each frame is either there or said to be lost; the tail can't be known of.
        Assert.InRange(network.HeardByServer.Count, 190, 200);
    }

    [Theory]
    [InlineData(11, true)]
    [InlineData(12, false)]
    public void Import_InMidConversation_GoesOnWithoutLosingAMessage(int seed, bool isClean)
    {
        using var network = new SimulatedNetwork(seed);
        network.Connect();
        if (!isClean) (network.Loss, network.JitterMilliseconds) = (0.05, 20);
        int number = 0;
        for (int move = 0; move < 3; move++)
        {
            Talk(network, 40, ref number);
            PeerSessionState state = network.Server.ExportState(network.Now);
            // Plain data: it survives JSON, as it will have to survive a store.
            PeerSessionState copy = JsonSerializer.Deserialize<PeerSessionState>(JsonSerializer.Serialize(state))!;
            network.Server.Dispose();
            network.Server = PeerSession.Import(copy, SimulatedNetwork.ServerCertificate, TimeSpan.Zero, Seeded.Random(3), network.Now);
            Assert.True(network.Server.IsConnected);
            Assert.True(network.Server.IsChannelOpen);
        }
        Talk(network, 40, ref number);
        network.Run(5000);
        Assert.Equal(Texts("up", 160), network.ReadByServer);
        Assert.Equal(Texts("down", 160), network.ReadByCaller);
        int[] up = Numbers(network.HeardByServer);
        Assert.Equal(up.Order().Distinct(), up);
        Assert.InRange(up.Length, isClean ? 160 : 130, 160);
        Assert.InRange(Numbers(network.HeardByCaller).Length, isClean ? 160 : 130, 160);
        Assert.False(network.Caller.IsClosed);
    }

    [Fact]
    public void Nat_ThatRebindsInMidCall_CostsNoMoreThanAPacketOrTwo()
    {
        using var network = new SimulatedNetwork(5);
        network.Connect();
        int number = 0;
        Talk(network, 20, ref number);
        network.CallerSeenAs = TransportAddress.FromIPv4(0xC000_0202, 41_111);
        Talk(network, 20, ref number);
        network.Run(200);
        Assert.Equal(Enumerable.Range(0, 40), Numbers(network.HeardByServer));
        Assert.Equal(network.CallerSeenAs, network.Server.SelectedPath!.Value.Remote);
        Assert.Contains(network.ServerEvents, e => e.Kind == PeerEventKind.PathChanged && e.Path.Remote == network.CallerSeenAs);
    }

    [Fact]
    public void Nat_RebindsWhileOldPacketsAreUnderWay_LateOnesDoNotMoveTheStreamBack()
    {
        using var network = new SimulatedNetwork(15);
        network.Connect();
        int number = 0;
        Talk(network, 20, ref number);
        TransportPath old = network.Server.SelectedPath!.Value;
        TransportPath moved = old with { Remote = TransportAddress.FromIPv4(0xC000_0202, 41_111) };
        // Three frames, of which the last overtakes the others on a new path.
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        var packets = new List<byte[]>();
        for (int i = 0; i < 3; i++)
        {
            network.Caller.SendAudio(new byte[60], 960, false, network.Now);
            while (network.Caller.TryTransmit(buffer, out int length, out _, network.Now))
            {
                if (DatagramDemultiplexer.Classify(buffer.AsSpan(0, length)) == DatagramKind.Rtp) packets.Add(buffer[..length]);
            }
        }
        network.Server.Receive(packets[2], moved, network.Now);
        Assert.Equal(moved, network.Server.SelectedPath);
        long received = network.Server.Statistics.RtpReceived;
        network.Server.Receive(packets[0], old, network.Now);
        network.Server.Receive(packets[1], old, network.Now);
        Assert.Equal(received + 2, network.Server.Statistics.RtpReceived);
        Assert.Equal(moved, network.Server.SelectedPath);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Close_ByEitherSide_EndsTheOtherByPeer(bool byCaller)
    {
        using var network = new SimulatedNetwork(6);
        network.Connect();
        (PeerSession? one, List<PeerEvent>? events) = byCaller ? (network.Caller, network.ServerEvents)
            : (network.Server, network.CallerEvents);
        one.Close(network.Now);
        network.Run(100);
        Assert.Equal(PeerCloseReason.ByPeer, Assert.Single(events, e => e.Kind == PeerEventKind.Closed).Reason);
    }

    [Fact]
    public void Silence_OfTheCallerForThirtySeconds_IsConsentExpired()
    {
        using var network = new SimulatedNetwork(7);
        network.Connect();
        network.IsCut = true;
        network.Run(29_000);
        Assert.False(network.Server.IsClosed);
        network.Run(4_000);
        Assert.Equal(PeerCloseReason.ConsentExpired, Assert.Single(network.ServerEvents, e => e.Kind == PeerEventKind.Closed).Reason);
    }

    [Theory]
    [InlineData(DtlsRole.Server, true)]
    [InlineData(DtlsRole.Server, false)]
    [InlineData(DtlsRole.Client, true)]
    [InlineData(DtlsRole.Client, false)]
    public void Connect_InEitherDtlsRoleWithOrWithoutAnswersToOurChecks_Works(DtlsRole serverRole, bool knowsCaller)
    {
        using var network = new SimulatedNetwork(35, serverRole: serverRole, knowsCaller: knowsCaller);
        network.Connect();
        Assert.Equal(0, network.Server.Dropped(PeerDrop.PathUnproven));
    }

    [Theory]
    [InlineData(DtlsRole.Server)]
    [InlineData(DtlsRole.Client)]
    public void Replay_OfAWholeSetUpFromAnAddressThatAnswersNothing_DrawsAtMostThreeBytesPerByte(DtlsRole serverRole)
    {
        using var observed = new SimulatedNetwork(36, serverRole: serverRole) { Recorded = [] };
        observed.Connect();
        // The same session at an owner that has not seen the caller, and an observer who sends what it saw with an address of its own.
        using var attacked = new SimulatedNetwork(36, serverRole: serverRole);
        var victim = new TransportPath(3, TransportAddress.FromIPv4(0xCB00_7107, 666));
        long received = 0, sent = 0;
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        for (int round = 0; round < 50; round++)
        {
            foreach (byte[] datagram in observed.Recorded!)
            {
                received += datagram.Length;
                Instant now = attacked.Now + TimeSpan.FromMilliseconds(50 * round);
                attacked.Server.Receive([.. datagram], victim, now);
                if (attacked.Server.NextTimeout <= now) attacked.Server.HandleTimeout(now);
                while (attacked.Server.TryTransmit(buffer, out int length, out TransportPath to, now))
                {
                    Assert.Equal(victim, to);
                    sent += length;
                }
                Assert.InRange(sent, 0, 3 * received);
            }
        }
        Assert.False(attacked.Server.IsConnected);
    }

    [Fact]
    public void Replay_OfAThousandChecksInACall_DivertsNoPacket()
    {
        using var network = new SimulatedNetwork(37) { Recorded = [] };
        network.Connect();
        network.Run(60_000);
        byte[][] checks = [.. network.Recorded!.Where(d => DatagramDemultiplexer.Classify(d) == DatagramKind.Stun)];
        Assert.InRange(checks.Length, 20, 1000);
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        for (int i = 0; i < 1000; i++)
        {
            byte[] check = checks[i % checks.Length];
            var observer = new TransportPath(3, TransportAddress.FromIPv4(0xCB00_7100 + (uint)(i % 250), 6000));
            network.Server.Receive([.. check], observer, network.Now);
            network.Server.SendAudio([1, 2, 3], 960, false, network.Now);
            long answers = 0;
            while (network.Server.TryTransmit(buffer, out int length, out TransportPath to, network.Now))
            {
                if (to == observer) answers += length;
                else Assert.Equal(SimulatedNetwork.CallerAddress, to.Remote);
            }
            Assert.InRange(answers, 0, check.Length);
        }
        Assert.Equal(SimulatedNetwork.CallerAddress, network.Server.SelectedPath!.Value.Remote);
    }

    [Fact]
    public void Certificate_OtherThanPromised_EndsTheSessionWithoutMedia()
    {
        using var other = DtlsCertificate.Generate();
        using var network = new SimulatedNetwork(8, serverExpects: other.Fingerprint);
        Assert.True(network.RunUntil(() => network.Server.IsClosed));
        Assert.Contains(network.ServerEvents, e => e.Reason == PeerCloseReason.FingerprintMismatch);
        Assert.False(network.Server.IsConnected);
    }

    [Fact]
    public void Receive_AnyBytes_NeverThrowsAndTheSessionLives()
    {
        using var network = new SimulatedNetwork(9);
        network.Connect();
        var random = new Random(9);
        TransportPath path = network.Server.SelectedPath!.Value;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] junk = new byte[random.Next(200)];
            random.NextBytes(junk);
            if (junk.Length > 0) junk[0] = (byte)(i % 4 * 50 + random.Next(20));
            network.Server.Receive(junk, path, network.Now);
        }
        int number = 0;
        Talk(network, 20, ref number);
        network.Run(500);
        Assert.Equal(Enumerable.Range(0, 20), Numbers(network.HeardByServer));
        Assert.Equal(Texts("up", 20), network.ReadByServer);
    }

    [Fact]
    public void Media_InSteadyState_AllocatesNothing()
    {
        using var network = new SimulatedNetwork(10);
        network.Connect();
        byte[] payload = new byte[80];
        byte[] buffer = new byte[PeerSession.MaximumDatagramBytes];
        Instant now = network.Now;
        TransportPath path = network.Server.SelectedPath!.Value;
        var back = new TransportPath(0, SimulatedNetwork.ServerAddress);
        void Round()
        {
            now += TimeSpan.FromMilliseconds(20);
            network.Caller.SendAudio(payload, 960, false, now);
            network.Server.SendAudio(payload, 960, false, now);
            while (network.Caller.TryTransmit(buffer, out int length, out _, now))
                network.Server.Receive(buffer.AsSpan(0, length), path, now);
            while (network.Server.TryTransmit(buffer, out int length, out _, now))
                network.Caller.Receive(buffer.AsSpan(0, length), back, now);
            while (network.Server.TryReceiveAudio(buffer, out _, out _, now)) { }
            while (network.Caller.TryReceiveAudio(buffer, out _, out _, now)) { }
            if (network.Server.NextTimeout <= now) network.Server.HandleTimeout(now);
            if (network.Caller.NextTimeout <= now) network.Caller.HandleTimeout(now);
        }
        // 40 s: the first SCTP heartbeat of an idle association buys its echo buffer, once.
        for (int i = 0; i < 2000; i++) Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Round();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
