using System.Buffers.Binary;
using Dapr.Voice.Sctp;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Sctp;

public sealed class SctpAssociationTests
{
    private static readonly SctpOptions s_options = new() { RandomSeed = 1, MaximumSendMessageBytes = 256 * 1024 };

    [Fact]
    public void Connect_OneSide_BothAreConnectedAfterTwoRoundTrips()
    {
        var link = new SctpLink(1);
        Instant start = link.Now;
        link.Connect();
        Assert.True((link.Now - start).TotalMilliseconds <= 40);
        Assert.Equal(SctpEventKind.Connected, TakeEvent(link.A).Kind);
        Assert.Equal(SctpEventKind.Connected, TakeEvent(link.B).Kind);
    }

    [Fact]
    public void Connect_BothSidesAtOnce_OneAssociationForms()
    {
        var link = new SctpLink(2);
        link.A.Connect(link.Now);
        link.B.Connect(link.Now);
        Assert.True(link.RunUntil(() => link.A.IsConnected && link.B.IsConnected, 1000));
        Send(link.A, 0, [1, 2, 3], link.Now);
        Send(link.B, 1, [4, 5], link.Now);
        link.Run(200);
        Assert.Equal([1, 2, 3], Receive(link.B));
        Assert.Equal([4, 5], Receive(link.A));
        Assert.Equal(SctpEventKind.Connected, TakeEvent(link.A).Kind);
        Assert.False(link.A.TryTakeEvent(out _));
    }

    [Theory]
    [InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Connect_BothSidesWithLossAndReordering_OneAssociationForms(int seed)
    {
        var link = new SctpLink(seed) { Loss = 0.3, JitterMilliseconds = 60, Duplication = 0.3 };
        link.A.Connect(link.Now);
        link.Run(seed * 3);
        link.B.Connect(link.Now);
        Assert.True(link.RunUntil(() => link.A.IsConnected && link.B.IsConnected, 60_000));
        link.Loss = 0;
        Send(link.A, 0, [1, 2, 3], link.Now);
        Send(link.B, 0, [4, 5], link.Now);
        link.Run(10_000);
        Assert.Equal([1, 2, 3], Receive(link.B));
        Assert.Equal([4, 5], Receive(link.A));
    }

    [Fact]
    public void Send_BeforeTheHandshake_RidesAlongWithTheCookie()
    {
        var link = new SctpLink(9);
        Send(link.A, 0, [42], link.Now);
        link.A.Connect(link.Now);
        byte[]? received = null;
        link.OnStep = () => received ??= TryReceive(link.B);
        Instant start = link.Now;
        Assert.True(link.RunUntil(() => received is not null, 1000));
        Assert.Equal([42], received!);
        Assert.True((link.Now - start).TotalMilliseconds <= 30, "INIT, INIT ACK, then data with the COOKIE ECHO");
    }

    [Fact]
    public void Connect_NobodyAnswers_EndsWithHandshakeTimeout()
    {
        var link = new SctpLink(10) { Loss = 1 };
        link.A.Connect(link.Now);
        Assert.True(link.RunUntil(() => link.A.Phase == SctpPhase.Ended, 60_000));
        Assert.Equal(new SctpEvent(SctpEventKind.Closed, 0, SctpCloseReason.HandshakeTimeout), TakeEvent(link.A));
        Assert.Equal(Instant.Never, link.A.NextTimeout);
    }

    [Fact]
    public void Send_LargestMessage_ArrivesWhole()
    {
        var link = new SctpLink(11, s_options);
        link.Connect();
        byte[] message = Bytes(256 * 1024, 5);
        Assert.Equal(SctpSendResult.Queued, link.A.Send(3, 53, message, false, null, link.Now));
        byte[]? received = null;
        link.OnStep = () => received ??= TryReceive(link.B);
        Assert.True(link.RunUntil(() => received is not null, 20_000));
        Assert.Equal(message, received);
        link.Run(100);
        Assert.Equal(0, link.A.Statistics.SendQueueBytes);
        Assert.Equal(0, link.A.Statistics.TimeoutRetransmissions);
    }

    [Fact]
    public void Send_TooLargeOrOnNoStream_IsRefused()
    {
        var link = new SctpLink(12);
        Assert.Equal(SctpSendResult.TooLarge, link.A.Send(0, 53, new byte[64 * 1024 + 1], false, null, link.Now));
        Assert.Equal(SctpSendResult.InvalidStream, link.A.Send(1024, 53, [1], false, null, link.Now));
        Assert.Throws<ArgumentException>(() => link.A.Send(0, 53, [], false, null, link.Now));
    }

    [Fact]
    public void Send_QueueIsFull_WouldBlockAndNothingIsLost()
    {
        var link = new SctpLink(13);
        link.Connect();
        int accepted = 0;
        byte[] message = new byte[1000];
        while (true)
        {
            BinaryPrimitives.WriteInt32LittleEndian(message, accepted);
            if (link.A.Send(0, 53, message, false, null, link.Now) != SctpSendResult.Queued) break;
            accepted++;
        }
        Assert.Equal(SctpSendResult.WouldBlock, link.A.Send(0, 53, message, false, null, link.Now));
        Assert.Equal(512 * 1024 / 1000, accepted);
        var numbers = new List<int>();
        link.OnStep = () =>
        {
            while (TryReceive(link.B) is { } received) numbers.Add(BinaryPrimitives.ReadInt32LittleEndian(received));
        };
        Assert.True(link.RunUntil(() => numbers.Count == accepted, 60_000));
        Assert.Equal(Enumerable.Range(0, accepted), numbers);
        Assert.Equal(SctpSendResult.Queued, link.A.Send(0, 53, message, false, null, link.Now));
    }

    [Fact]
    public void Send_ManyTinyMessages_AreBoundedByNumber()
    {
        var link = new SctpLink(14);
        int accepted = 0;
        while (link.A.Send(0, 51, [1], false, null, link.Now) == SctpSendResult.Queued) accepted++;
        Assert.Equal(2048, accepted);
    }

    [Fact]
    public void Receive_ReaderIsSlow_WindowClosesAndOpensAgain()
    {
        var link = new SctpLink(15, s_options);
        link.Connect();
        int sent = 0, received = 0;
        byte[] message = new byte[16 * 1024];
        void Fill()
        {
            while (link.A.Send(0, 53, message, false, null, link.Now) == SctpSendResult.Queued) sent++;
        }
        Fill();
        link.RunUntil(() => { Fill(); return false; }, 5_000);
        Assert.Equal(0, link.A.Statistics.PeerWindowBytes);
        Assert.True(sent * message.Length <= 1024 * 1024 + 32 * 1024, "what is under way is bounded by our queue and the peer's window");
        int total = sent;
        link.OnStep = () => { while (TryReceive(link.B) is not null) received++; };
        Assert.True(link.RunUntil(() => received == total, 60_000));
    }

    [Fact]
    public void Receive_WindowUpdateLost_AProbeFindsOutAndNothingIsLost()
    {
        var link = new SctpLink(115, s_options);
        link.Connect();
        byte[] message = new byte[16 * 1024];
        int sent = 0, received = 0;
        link.RunUntil(() =>
        {
            while (link.A.Send(0, 53, message, false, null, link.Now) == SctpSendResult.Queued) sent++;
            return false;
        }, 3_000);
        link.Loss = 1;
        while (TryReceive(link.B) is not null) received++;
        link.Run(5);
        link.Loss = 0;
        link.OnStep = () => { while (TryReceive(link.B) is not null) received++; };
        Assert.True(link.RunUntil(() => received == sent, 60_000));
    }

    [Fact]
    public void Receive_MessageLongerThanAgreed_EndsWithReason()
    {
        var link = new SctpLink(16, s_options with { MaximumReceiveMessageBytes = 10_000 });
        link.Connect();
        TakeEvent(link.A);
        TakeEvent(link.B);
        link.A.Send(0, 53, new byte[10_001], false, null, link.Now);
        Assert.True(link.RunUntil(() => link.A.Phase == SctpPhase.Ended, 5_000));
        Assert.Equal(SctpCloseReason.MessageTooLarge, TakeEvent(link.B).Reason);
        Assert.Equal(1, link.B.DropCount(SctpDropReason.MessageTooLarge));
        Assert.Equal(SctpCloseReason.AbortedByPeer, TakeEvent(link.A).Reason);
        Assert.Equal(SctpSendResult.Closed, link.A.Send(0, 53, [1], false, null, link.Now));
    }

    [Fact]
    public void Receive_OnePacketLost_IsFastRetransmittedOnce()
    {
        var link = new SctpLink(17, s_options);
        link.Connect();
        int dataPackets = 0;
        link.Filter = (packet, isFromA) => !(isFromA && packet[12] == 0 && ++dataPackets == 3);
        byte[]? received = null;
        link.OnStep = () => received ??= TryReceive(link.B);
        byte[] message = Bytes(60_000, 1);
        link.A.Send(0, 53, message, false, null, link.Now);
        Assert.True(link.RunUntil(() => received is not null, 5_000));
        Assert.Equal(message, received);
        Assert.Equal(1, link.A.Statistics.FastRetransmissions);
        Assert.Equal(0, link.A.Statistics.TimeoutRetransmissions);
        Assert.Equal(1, link.A.Statistics.ChunksRetransmitted);
    }

    [Fact]
    public void Receive_LastPacketLost_TimerRepeatsItWithinItsStartValue()
    {
        var link = new SctpLink(18);
        link.Connect();
        bool hasDropped = false;
        link.Filter = (packet, isFromA) => !isFromA || packet[12] != 0 || hasDropped || !(hasDropped = true);
        byte[]? received = null;
        link.OnStep = () => received ??= TryReceive(link.B);
        Instant start = link.Now;
        Send(link.A, 0, [7], start);
        Assert.True(link.RunUntil(() => received is not null, 5_000));
        Assert.Equal(260, (link.Now - start).TotalMilliseconds, 5.0);
        Assert.Equal(1, link.A.Statistics.TimeoutRetransmissions);
    }

    [Fact]
    public void Statistics_AfterTraffic_RoundTripIsMeasuredAndTimeoutStaysAboveItsFloor()
    {
        var link = new SctpLink(19);
        link.Connect();
        for (int i = 0; i < 20; i++)
        {
            Send(link.A, 0, [1], link.Now);
            link.Run(50);
        }
        Assert.Equal(20, link.A.Statistics.SmoothedRoundTripTime.TotalMilliseconds, 1.0);
        Assert.Equal(100, link.A.Statistics.RetransmissionTimeout.TotalMilliseconds, 1.0);
    }

    [Fact]
    public void Transmit_PeerGone_BacksOffToFourSecondsAndEndsAfterThirty()
    {
        var link = new SctpLink(20);
        link.Connect();
        TakeEvent(link.A);
        link.Loss = 1;
        Send(link.A, 0, [1], link.Now);
        Instant start = link.Now;
        Assert.True(link.RunUntil(() => link.A.Phase == SctpPhase.Ended, 120_000));
        Assert.Equal(SctpCloseReason.PeerUnreachable, TakeEvent(link.A).Reason);
        Assert.InRange((link.Now - start).TotalSeconds, 30, 50);
        Assert.Equal(4, link.A.Statistics.RetransmissionTimeout.TotalSeconds);
    }

    [Fact]
    public void Heartbeat_Idle_IsSentByBothAndAnswered()
    {
        var link = new SctpLink(21);
        link.Connect();
        int heartbeats = 0, answers = 0;
        link.Filter = (packet, _) =>
        {
            if (packet[12] == 4) heartbeats++;
            if (packet[12] == 5) answers++;
            return true;
        };
        link.Run(70_000);
        Assert.Equal(4, heartbeats);
        Assert.Equal(4, answers);
        link.Loss = 1;
        Assert.True(link.RunUntil(() => link.A.Phase == SctpPhase.Ended, 120_000), "an unanswered heartbeat is noticed");
    }

    [Fact]
    public void Shutdown_WithDataQueued_DeliversItFirst()
    {
        var link = new SctpLink(22) { Loss = 0.1, JitterMilliseconds = 20 };
        link.Connect();
        TakeEvent(link.A);
        TakeEvent(link.B);
        for (byte i = 0; i < 50; i++) Send(link.A, 0, [i], link.Now);
        Send(link.B, 0, [99], link.Now);
        link.A.Shutdown(link.Now);
        Assert.Equal(SctpSendResult.Closed, link.A.Send(0, 53, [1], false, null, link.Now));
        Assert.True(link.RunUntil(() => link.A.Phase == SctpPhase.Ended && link.B.Phase == SctpPhase.Ended, 60_000));
        for (byte i = 0; i < 50; i++) Assert.Equal([i], Receive(link.B));
        Assert.Equal([99], Receive(link.A));
        Assert.Equal(SctpCloseReason.Shutdown, TakeEvent(link.A).Reason);
        Assert.Equal(SctpCloseReason.Shutdown, TakeEvent(link.B).Reason);
    }

    [Fact]
    public void Shutdown_BothAtOnce_BothEnd()
    {
        var link = new SctpLink(23);
        link.Connect();
        link.A.Shutdown(link.Now);
        link.B.Shutdown(link.Now);
        Assert.True(link.RunUntil(() => link.A.Phase == SctpPhase.Ended && link.B.Phase == SctpPhase.Ended, 5_000));
    }

    [Fact]
    public void Abort_IsSeenByThePeerAtOnce()
    {
        var link = new SctpLink(24);
        link.Connect();
        TakeEvent(link.A);
        TakeEvent(link.B);
        link.A.Abort();
        link.Run(20);
        Assert.Equal(SctpCloseReason.AbortedLocally, TakeEvent(link.A).Reason);
        Assert.Equal(SctpCloseReason.AbortedByPeer, TakeEvent(link.B).Reason);
    }

    [Fact]
    public void ResetStream_AfterData_DataComesFirstAndNumberingStartsAnew()
    {
        var link = new SctpLink(25) { JitterMilliseconds = 15 };
        link.Connect();
        TakeEvent(link.A);
        TakeEvent(link.B);
        for (byte i = 0; i < 10; i++) Send(link.A, 4, [i], link.Now);
        link.A.ResetStream(4, link.Now);
        Assert.Equal(SctpSendResult.InvalidStream, link.A.Send(4, 53, [1], false, null, link.Now));
        Assert.True(
            link.RunUntil(() => link.A.TryTakeEvent(out SctpEvent e) && e == new SctpEvent(SctpEventKind.OutgoingStreamReset, 4), 2_000));
        for (byte i = 0; i < 10; i++) Assert.Equal([i], Receive(link.B));
        Assert.Equal(new SctpEvent(SctpEventKind.IncomingStreamReset, 4), TakeEvent(link.B));
        Send(link.A, 4, [77], link.Now);
        link.Run(200);
        Assert.Equal([77], Receive(link.B));
    }

    [Fact]
    public void ResetStream_PacketsLost_IsRepeatedAndPerformedOnce()
    {
        var link = new SctpLink(26) { Loss = 0.5 };
        link.Connect();
        TakeEvent(link.B);
        link.A.ResetStream(2, link.Now);
        link.B.ResetStream(2, link.Now);
        int resets = 0;
        link.OnStep = () => { while (link.B.TryTakeEvent(out SctpEvent e)) resets += e.Kind == SctpEventKind.IncomingStreamReset ? 1 : 0; };
        link.Run(20_000);
        Assert.Equal(1, resets);
    }

    [Fact]
    public void Send_LimitedRetransmits_IsGivenUpAndLaterMessagesGoOn()
    {
        var link = new SctpLink(27);
        link.Connect();
        int dropped = 0;
        // The first two transmissions of the first message are lost; it may be repeated once.
        link.Filter = (packet, isFromA) => !(isFromA && packet[12] == 0 && packet[^4] == 111 && dropped++ < 2);
        link.A.Send(0, 53, [111, 0, 0, 0], false, 1, link.Now);
        link.Run(5);
        link.A.Send(0, 53, [222, 0, 0, 0], false, 1, link.Now);
        link.Run(10_000);
        Assert.Equal([222, 0, 0, 0], Receive(link.B));
        Assert.Null(TryReceive(link.B));
        Assert.Equal(1, link.A.Statistics.MessagesAbandoned);
        Assert.Equal(0, link.B.DropCount(SctpDropReason.AbandonedByPeer));
    }

    [Fact]
    public void Send_PieceOfAMessageThatIsGivenUp_IsCountedWhereTheOthersArrived()
    {
        var link = new SctpLink(29);
        link.Connect();
        byte[] message = new byte[3_000];
        byte[] mark = [99, 98, 97, 96, 95];
        mark.CopyTo(message, 1_500);
        link.Filter = (packet, isFromA) => !(isFromA && packet.AsSpan().IndexOf(mark) >= 0);
        link.A.Send(0, 53, message, false, 1, link.Now);
        link.Run(20_000);
        Assert.Null(TryReceive(link.B));
        Assert.Equal(1, link.A.Statistics.MessagesAbandoned);
        Assert.Equal(2, link.B.DropCount(SctpDropReason.AbandonedByPeer));
        Assert.Equal(0, link.A.Statistics.SendQueueBytes);
    }

    [Fact]
    public void Send_LimitedLifetime_IsGivenUpWithoutBeingSent()
    {
        var link = new SctpLink(28);
        link.Connect();
        link.Loss = 1;
        link.A.Send(0, 53, [1], false, null, link.Now, TimeSpan.FromMilliseconds(300));
        link.Run(2000);
        link.Loss = 0;
        link.A.Send(0, 53, [2], false, null, link.Now);
        link.Run(5000);
        Assert.Equal([2], Receive(link.B));
        Assert.Null(TryReceive(link.B));
    }

    [Fact]
    public void Send_Unordered_OvertakesALostOrderedMessage()
    {
        var link = new SctpLink(29);
        link.Connect();
        bool hasDropped = false;
        link.Filter = (packet, isFromA) => !isFromA || packet[12] != 0 || hasDropped || !(hasDropped = true);
        Send(link.A, 0, [1], link.Now);
        link.Run(2);
        Send(link.A, 0, [2], link.Now);
        link.A.Send(0, 53, [3], true, null, link.Now);
        link.Run(50);
        Assert.Equal([3], Receive(link.B));
        Assert.Null(TryReceive(link.B));
        link.Run(2000);
        Assert.Equal([1], Receive(link.B));
        Assert.Equal([2], Receive(link.B));
    }

    [Fact]
    public void Send_TwoStreams_LossOnOneDoesNotHoldTheOther()
    {
        var link = new SctpLink(30);
        link.Connect();
        bool hasDropped = false;
        link.Filter = (packet, isFromA) => !isFromA || packet[12] != 0 || hasDropped || !(hasDropped = true);
        Send(link.A, 0, [1], link.Now);
        link.Run(2);
        Send(link.A, 2, [2], link.Now);
        link.Run(50);
        Assert.Equal([2], Receive(link.B));
    }

    [Fact]
    public void Receive_PeerStartsAnew_NumberingBeginsAgainAndTheOwnerIsTold()
    {
        var link = new SctpLink(31);
        link.Connect();
        TakeEvent(link.B);
        Send(link.A, 0, [1], link.Now);
        Send(link.B, 0, [2], link.Now);
        link.Run(100);
        Assert.Equal([1], Receive(link.B));
        link.LoseAllUnderWay();
        link.A = new SctpAssociation(new SctpOptions { RandomSeed = 777 });
        link.A.Connect(link.Now);
        Assert.True(link.RunUntil(() => link.A.IsConnected, 2_000));
        Assert.Equal(SctpEventKind.Restarted, TakeEvent(link.B).Kind);
        Send(link.A, 0, [3], link.Now);
        Send(link.B, 0, [4], link.Now);
        link.Run(500);
        Assert.Equal([3], Receive(link.B));
        Assert.Equal([4], Receive(link.A));
    }

    [Fact]
    public void Receive_UnknownChunks_FollowTheirHighestBits()
    {
        // Unknown 0x3F: stop silently. 0x7F: stop and report. 0xBF: skip. 0xFF: skip and report. Behind each: a HEARTBEAT.
        foreach ((int type, bool isAnswered, bool isReported) in new[] {
            (0x3F, false, false), (0x7F, false, true), (0xBF, true, false), (0xFF, true, true) })
        {
            var link = new SctpLink(32);
            uint tagOfB = 0;
            link.Filter = (packet, isFromA) =>
            {
                if (isFromA) tagOfB = BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4));
                return true;
            };
            link.Connect();
            link.Run(100);
            var types = new List<byte>();
            link.Filter = (packet, isFromA) =>
            {
                if (!isFromA) types.AddRange(ChunkTypes(packet));
                return true;
            };
            link.B.Receive(Packet(tagOfB, [(byte)type, 0, 0, 5, 1, 0, 0, 0, 4, 0, 0, 8, 0, 1, 0, 4]), link.Now);
            link.Run(50);
            Assert.Equal(isAnswered, types.Contains(5));
            Assert.Equal(isReported, types.Contains(9));
            Assert.Equal(1, link.B.DropCount(SctpDropReason.UnknownChunk));
        }
    }

    [Fact]
    public void Receive_WrongTagChecksumOrPort_IsCountedAndIgnored()
    {
        var link = new SctpLink(33);
        link.Connect();
        byte[] abort = Packet(0x12345678, [6, 0, 0, 4]);
        link.B.Receive(abort, link.Now);
        abort[5] ^= 1;
        link.B.Receive(abort, link.Now);
        byte[] ports = Packet(1, [6, 0, 0, 4], port: 5001);
        link.B.Receive(ports, link.Now);
        link.B.Receive([1, 2, 3], link.Now);
        Assert.Equal(1, link.B.DropCount(SctpDropReason.WrongVerificationTag));
        Assert.Equal(1, link.B.DropCount(SctpDropReason.BadChecksum));
        Assert.Equal(1, link.B.DropCount(SctpDropReason.WrongPorts));
        Assert.Equal(1, link.B.DropCount(SctpDropReason.PacketTooShort));
        Assert.True(link.B.IsConnected);
    }

    [Fact]
    public void Receive_ForgedCookie_IsIgnored()
    {
        var b = new SctpAssociation(s_options);
        var link = new SctpLink(34);
        link.A.Connect(link.Now);
        byte[] buffer = new byte[1500];
        Assert.True(link.A.TryTransmit(buffer, out int length, link.Now));
        b.Receive(buffer.AsSpan(0, length), link.Now);
        Assert.True(b.TryTransmit(buffer, out _, link.Now));
        uint tagOfB = BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(16));
        b.Receive(Packet(tagOfB, [10, 0, 0, 20, .. new byte[16]]), link.Now);
        Assert.Equal(1, b.DropCount(SctpDropReason.UnknownCookie));
        Assert.Equal(SctpPhase.Closed, b.Phase);
    }

    [Fact]
    public void TryTransmit_AnyTraffic_PacketsStayBelowTheLimit()
    {
        var link = new SctpLink(35, s_options) { Loss = 0.2, JitterMilliseconds = 30, Duplication = 0.2 };
        int largest = 0;
        link.Filter = (packet, _) =>
        {
            largest = Math.Max(largest, packet.Length);
            return true;
        };
        link.Connect();
        for (int i = 0; i < 100; i++) link.A.Send((ushort)(i % 5), 53, Bytes(3000 + i, i), i % 2 == 0, (ushort)(i % 3), link.Now);
        link.OnStep = () => { while (TryReceive(link.B) is not null) { } };
        link.Run(30_000);
        Assert.Equal(SctpOptions.MaximumPacketBytes, largest);
        Assert.Throws<ArgumentException>(() => link.A.TryTransmit(new byte[100], out _, link.Now));
    }

    [Fact]
    public void Receive_DataOnTooManyStreams_IsCountedAndReported()
    {
        var link = new SctpLink(36);
        link.Connect();
        for (ushort i = 0; i < 64; i++) Send(link.A, i, [1], link.Now);
        Assert.Equal(SctpSendResult.InvalidStream, link.A.Send(64, 53, [1], false, null, link.Now));
        link.Run(1000);
        Assert.Equal(64, CountReceived(link.B));
    }

    internal static byte[] Packet(uint tag, byte[] chunks, ushort port = 5000)
    {
        byte[] packet = new byte[12 + chunks.Length];
        BinaryPrimitives.WriteUInt16BigEndian(packet, port);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), 5000);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), tag);
        chunks.CopyTo(packet, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), Crc32C.OfPacket(packet));
        return packet;
    }

    internal static IEnumerable<byte> ChunkTypes(byte[] packet)
    {
        for (int at = 12; at + 4 <= packet.Length;)
        {
            yield return packet[at];
            at += (BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(at + 2)) + 3) & ~3;
        }
    }

    internal static byte[] Bytes(int count, int seed)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    internal static byte[]? TryReceive(SctpAssociation association)
        => association.TryReceive(out SctpMessage message) ? message.Payload.ToArray() : null;

    private static byte[] Receive(SctpAssociation association)
    {
        byte[]? payload = TryReceive(association);
        Assert.NotNull(payload);
        return payload;
    }

    private static int CountReceived(SctpAssociation association)
    {
        int count = 0;
        while (association.TryReceive(out _)) count++;
        return count;
    }

    private static void Send(SctpAssociation association, ushort stream, byte[] payload, Instant now)
        => Assert.Equal(SctpSendResult.Queued, association.Send(stream, 53, payload, false, null, now));

    private static SctpEvent TakeEvent(SctpAssociation association)
    {
        Assert.True(association.TryTakeEvent(out SctpEvent occurred));
        return occurred;
    }
}
