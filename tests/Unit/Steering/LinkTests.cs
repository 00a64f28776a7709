using Dapr.Voice.Steering;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Steering;

public sealed class LinkTests
{
    private static readonly byte[] Packet = [0x80, 111, 1, 2, 3];

    [Fact]
    public void Handshake_SameKey_BothEndsAreUpWithSlots()
    {
        var pair = new LinkPair();
        pair.Acceptor.SetSlots([new(3, 1), new(4, 1), new(63, 9)], pair.Now);
        pair.Exchange();
        Assert.True(pair.Connector.IsUp);
        Assert.True(pair.Acceptor.IsUp(0));
        Assert.Equal("relay-0.0", pair.Acceptor.RelayId(0));
        Assert.Equal((3, 1ul), (pair.Connector.Shard, pair.Connector.Incarnation));
        Assert.Equal([3, 4, 63], Enumerable.Range(0, 64).Where(s => pair.Connector.Epochs[s] >= 0));
        Assert.Equal(9, pair.Connector.Epochs[63]);
        Assert.Equal([LinkEventKind.SlotsChanged, LinkEventKind.Up, LinkEventKind.SlotsChanged], pair.ConnectorEvents.Select(e => e.Kind));
        Assert.Equal([LinkEventKind.Up], pair.AcceptorEvents.Select(e => e.Kind));
        Assert.Equal(TimeSpan.Zero, pair.Connector.RoundTripTime);
    }

    [Fact]
    public void Handshake_OtherKey_NeverComesUp()
    {
        var pair = new LinkPair(acceptorKey: 8);
        pair.Run(TimeSpan.FromSeconds(5));
        Assert.False(pair.Connector.IsUp);
        Assert.Equal(0, pair.Acceptor.LinkCount);
        Assert.True(pair.Acceptor.Drops[LinkDrop.ForgedHandshake] > 5);
        Assert.Empty(pair.ToConnector);
    }

    [Fact]
    public void Hello_Unanswered_IsRepeatedEach100MillisecondsAndThenLessOften()
    {
        var pair = new LinkPair { IsCut = true };
        pair.Run(TimeSpan.FromMilliseconds(950));
        Assert.Equal(10, pair.ToAcceptor.Count);
        pair.Run(TimeSpan.FromSeconds(20));
        Assert.InRange(pair.ToAcceptor.Count, 28, 34);
        pair.IsCut = false;
        pair.Run(LinkTiming.MaximumHelloRetry);
        Assert.True(pair.Connector.IsUp);
    }

    [Fact]
    public void Data_BothWays_ArrivesUntouchedWithClientAndIngress()
    {
        var pair = new LinkPair();
        pair.Exchange();
        pair.DeliverToAcceptor([.. pair.UpFrame(5, Packet), .. pair.UpFrame(6, [], isUnverified: true)], LinkPair.RelayAddress);
        Assert.Equal(2, pair.Up.Count);
        Assert.Equal((new SessionId(5), new TransportPath(LinkBase.Compose(0, 2), LinkPair.Client), false),
            (pair.Up[0].Session, pair.Up[0].Path, pair.Up[0].IsUnverified));
        Assert.Equal(Packet, pair.Up[0].Packet);
        Assert.True(pair.Up[1].IsUnverified);
        Assert.True(pair.Acceptor.TryGetRelay(pair.Up[0].Path, new SessionId(5), out _, out TransportAddress relay));
        Assert.Equal(LinkPair.RelayAddress, relay);
        pair.DeliverToConnector(pair.DownFrame(5, pair.Up[0].Path, Packet));
        (LinkFrameKind Kind, SessionId Session, TransportAddress Client, byte Ingress, byte[] Packet) down = Assert.Single(pair.Down);
        Assert.Equal((LinkFrameKind.Data, new SessionId(5), LinkPair.Client, (byte)2),
            (down.Kind, down.Session, down.Client, down.Ingress));
        Assert.Equal(Packet, down.Packet);
    }

    [Fact]
    public void Data_WrongCookie_IsCountedAndDropped()
    {
        var pair = new LinkPair();
        pair.Exchange();
        byte[] frame = pair.UpFrame(5, Packet);
        frame[4] ^= 1;
        pair.DeliverToAcceptor(frame, LinkPair.RelayAddress);
        Assert.Empty(pair.Up);
        Assert.Equal(1, pair.Acceptor.Drops[LinkDrop.UnknownCookie]);
        byte[] down = pair.DownFrame(5, new TransportPath(0, LinkPair.Client), Packet);
        down[11] ^= 1;
        pair.DeliverToConnector(down);
        Assert.Empty(pair.Down);
        Assert.Equal(1, pair.Connector.Drops[LinkDrop.UnknownCookie]);
    }

    [Fact]
    public void Data_RightCookieFromAnotherAddress_IsCountedAndDropped()
    {
        var pair = new LinkPair();
        pair.Exchange();
        pair.DeliverToAcceptor(pair.UpFrame(5, Packet), LinkPair.Client);
        Assert.Empty(pair.Up);
        Assert.Equal(1, pair.Acceptor.Drops[LinkDrop.WrongSource]);
    }

    [Fact]
    public void Handshake_EverythingReplayed_ChangesNothing()
    {
        var pair = new LinkPair();
        pair.Exchange();
        byte[][] first = [.. pair.ToAcceptor], answers = [.. pair.ToConnector];
        // A second process of the same relay takes over; then the first one's whole handshake is played again, from its own address.
        pair.ConnectorAddress = TransportAddress.FromIPv4(0x0A000001, 40002);
        pair.Connector = pair.NewConnector(2);
        pair.Exchange();
        ulong cookie = pair.Connector.Cookie;
        foreach (byte[] datagram in first) pair.DeliverToAcceptor(datagram, LinkPair.RelayAddress);
        foreach (byte[] datagram in answers) pair.DeliverToConnector(datagram);
        pair.Exchange();
        Assert.Equal(cookie, pair.Connector.Cookie);
        Assert.True(
            pair.Acceptor.TryGetRelay(new TransportPath(LinkBase.Compose(0, 0), LinkPair.Client), new SessionId(5), out _,
            out TransportAddress relay));
        Assert.Equal(pair.ConnectorAddress, relay);
        pair.DeliverToAcceptor(pair.UpFrame(5, Packet), pair.ConnectorAddress);
        Assert.Single(pair.Up);
        Assert.True(pair.Connector.Drops[LinkDrop.StaleHandshake] > 0);
    }

    [Fact]
    public void Relay_Restarted_KeepsItsNumberAndIsReached()
    {
        var pair = new LinkPair();
        pair.Exchange();
        var path = new TransportPath(LinkBase.Compose(0, 2), LinkPair.Client);
        pair.Connector = pair.NewConnector(incarnation: 77);
        pair.ConnectorAddress = TransportAddress.FromIPv4(0x0A000001, 51515);
        pair.Exchange();
        Assert.Equal(1, pair.Acceptor.LinkCount);
        Assert.Contains(pair.AcceptorEvents, e => e is { Kind: LinkEventKind.Replaced, Link: 0 });
        Assert.True(pair.Acceptor.TryGetRelay(path, new SessionId(5), out _, out TransportAddress relay));
        Assert.Equal(pair.ConnectorAddress, relay);
        pair.DeliverToConnector(pair.DownFrame(5, path, Packet));
        Assert.Equal(2, Assert.Single(pair.Down).Ingress);
    }

    [Fact]
    public void Transceiver_Restarted_IsMetAgainWithin200Milliseconds()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(10));
        pair.IsCut = true;
        pair.Run(TimeSpan.FromMilliseconds(1500));
        pair.Acceptor = pair.NewAcceptor(incarnation: 2);
        pair.Acceptor.SetSlots([new(8, 2)], pair.Now);
        pair.IsCut = false;
        pair.Run(TimeSpan.FromMilliseconds(200));
        Assert.Equal(2ul, pair.Connector.Incarnation);
        Assert.Equal(2, pair.Connector.Epochs[8]);
        Assert.True(pair.Acceptor.IsUp(0));
        Assert.DoesNotContain(pair.ConnectorEvents, e => e.Kind == LinkEventKind.Down);
    }

    [Fact]
    public void Transceiver_RestartedUnderTraffic_IsMetAgainAtOnce()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(10));
        pair.Acceptor = pair.NewAcceptor(incarnation: 2);
        pair.DeliverToAcceptor(pair.UpFrame(5, new byte[12]), LinkPair.RelayAddress);
        pair.Exchange();
        Assert.Equal(2ul, pair.Connector.Incarnation);
        pair.DeliverToAcceptor(pair.UpFrame(5, Packet), LinkPair.RelayAddress);
        Assert.Single(pair.Up);
    }

    [Fact]
    public void Acceptor_Strangers_GetNoAnswerLongerThanWhatTheySent()
    {
        var pair = new LinkPair();
        LinkAcceptor acceptor = pair.NewAcceptor(incarnation: 3);
        byte[] hello = new byte[LinkFrame.CoalescedBytes], answer = new byte[LinkFrame.CoalescedBytes];
        Assert.True(pair.NewConnector(9).TryTransmit(hello, out int helloLength, pair.Now));
        for (int payload = 0; payload < 40; payload++)
        {
            byte[] frame = new byte[LinkFrame.HeaderLengthIPv4 + payload];
            LinkFrame.Write(frame, LinkFrameKind.Data, 4711, new SessionId(1), LinkPair.RelayAddress, new byte[payload]);
            Assert.InRange(Answers(frame), 0, frame.Length);
        }
        Assert.InRange(Answers(hello[..helloLength]), 100, helloLength);

        int Answers(byte[] datagram)
        {
            LinkAcceptor.Frames frames = acceptor.Receive([.. datagram], LinkPair.RelayAddress, pair.Now);
            while (frames.TryRead(out _)) { }
            int bytes = 0;
            while (acceptor.TryTransmit(answer, out int length, out _, pair.Now)) bytes += length;
            return bytes;
        }
    }

    [Fact]
    public void Reset_WithACookieThatIsNotOurs_IsIgnored()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(10));
        int sent = pair.ToAcceptor.Count;
        byte[] buffer = new byte[64];
        int length = LinkFrame.WriteControl(buffer, LinkFrameKind.Reset, 0, new byte[8]);
        pair.DeliverToConnector(buffer[..length]);
        pair.Exchange();
        Assert.Equal(sent, pair.ToAcceptor.Count);
    }

    [Fact]
    public void Link_SilentForThreeSeconds_IsDownAtBothEndsAndComesBack()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        pair.IsCut = true;
        pair.Run(TimeSpan.FromSeconds(2.9));
        Assert.True(pair.Connector.IsUp);
        pair.Run(TimeSpan.FromSeconds(1.2));
        Assert.False(pair.Connector.IsUp);
        Assert.False(pair.Acceptor.IsUp(0));
        pair.IsCut = false;
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.True(pair.Connector.IsUp);
        Assert.True(pair.Acceptor.IsUp(0));
        Assert.Equal([LinkEventKind.Up, LinkEventKind.Down, LinkEventKind.Up], pair.AcceptorEvents.Select(e => e.Kind));
    }

    [Fact]
    public void Inquiry_AnsweredByTheOneWhoListens_ChangesNothingThere()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(1));
        ulong cookie = pair.Connector.Cookie;
        int drops = 0;
        var inquiry = new LinkInquiry(SteeringKeys.LinkKey(), Seeded.Random(77));
        byte[] question = new byte[LinkInquiry.QuestionLength], answer = new byte[LinkFrame.CoalescedBytes];
        Assert.Equal(question.Length, inquiry.Write(question));
        // Many more than there are places for handshakes, and each is answered to its asker.
        for (int i = 0; i < 500; i++)
        {
            var asker = TransportAddress.FromIPv4(0x0A000009, (ushort)(1000 + i));
            pair.DeliverToAcceptor(question, asker);
            Assert.True(pair.Acceptor.TryTransmit(answer, out int length, out TransportAddress to, pair.Now));
            Assert.Equal(asker, to);
            Assert.InRange(length, 1, question.Length);
            Assert.True(inquiry.TryRead(answer.AsSpan(0, length), out ulong incarnation));
            Assert.Equal(1ul, incarnation);
            drops += pair.Acceptor.TryTransmit(answer, out _, out _, pair.Now) ? 1 : 0;
        }
        Assert.Equal((0, 1), (drops, pair.Acceptor.LinkCount));
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(cookie, pair.Connector.Cookie);

        // A relay's handshake passes beside a flood of them.
        pair.Connector = pair.NewConnector(2, "relay-1.0");
        pair.ConnectorAddress = TransportAddress.FromIPv4(0x0A000001, 40009);
        for (int i = 0; i < 500; i++) pair.DeliverToAcceptor(question, LinkPair.Client);
        pair.Exchange();
        Assert.True(pair.Connector.IsUp);
    }

    [Fact]
    public void Inquiry_AnswerToAnotherOneOrWithAnotherKey_IsNone()
    {
        var pair = new LinkPair();
        var asked = new LinkInquiry(SteeringKeys.LinkKey(), Seeded.Random(77));
        byte[] question = new byte[LinkInquiry.QuestionLength], answer = new byte[LinkFrame.CoalescedBytes];
        asked.Write(question);
        pair.DeliverToAcceptor(question, LinkPair.Client);
        Assert.True(pair.Acceptor.TryTransmit(answer, out int length, out _, pair.Now));
        Assert.False(new LinkInquiry(SteeringKeys.LinkKey(), Seeded.Random(78)).TryRead(answer.AsSpan(0, length), out _));
        Assert.False(asked.TryRead(question, out _));
        answer[60] ^= 1;
        Assert.False(asked.TryRead(answer.AsSpan(0, length), out _));
    }

    [Fact]
    public void Refused_TwiceAndSilent_TheLinkIsDownAtOnce()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        pair.IsCut = true;
        pair.Connector.NoteRefused(pair.Now);
        pair.Exchange();
        pair.Run(LinkTiming.DoubtProbeInterval);
        pair.Connector.NoteRefused(pair.Now);
        Assert.True(pair.Connector.IsUp);
        pair.Run(LinkTiming.DoubtTime);
        Assert.False(pair.Connector.IsUp);
        Assert.Equal(new LinkEvent(LinkEventKind.Down, 0, 3, 1), pair.ConnectorEvents[^1]);
        pair.IsCut = false;
        pair.Run(LinkTiming.MaximumHelloRetry);
        Assert.True(pair.Connector.IsUp);
    }

    [Fact]
    public void Refused_OnceWhileTheTransceiverIsSlow_TheLinkStays()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        pair.IsCut = true;
        pair.Connector.NoteRefused(pair.Now);
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.True(pair.Connector.IsUp);
    }

    [Fact]
    public void Refused_ForgedAllTheTime_ALivingTransceiverKeepsItsLink()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        for (int i = 0; i < 1000; i++)
        {
            pair.Connector.NoteRefused(pair.Now);
            pair.Acceptor.NoteRefused(LinkPair.RelayAddress, pair.Now);
            pair.Run(TimeSpan.FromMilliseconds(1));
        }
        Assert.DoesNotContain(pair.ConnectorEvents, e => e.Kind == LinkEventKind.Down);
        Assert.DoesNotContain(pair.AcceptorEvents, e => e.Kind == LinkEventKind.Down);
    }

    [Fact]
    public void Refused_RelayGone_ItsLinkIsDownLongBeforeAnUnrefusedOne()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        pair.IsCut = true;
        pair.Acceptor.NoteRefused(LinkPair.Client, pair.Now);
        pair.Run(LinkTiming.RefusedDownAfter);
        Assert.True(pair.Acceptor.IsUp(0));
        pair.Acceptor.NoteRefused(LinkPair.RelayAddress, pair.Now);
        pair.Run(TimeSpan.FromMilliseconds(1));
        Assert.False(pair.Acceptor.IsUp(0));
    }

    [Fact]
    public void Idle_TransceiverDies_IsAskedAgainWithinATenthOfASecond()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        pair.IsCut = true;
        int before = pair.ToAcceptor.Count;
        pair.Run(TimeSpan.FromMilliseconds(100));
        Assert.True(pair.ToAcceptor.Count > before);
    }

    [Fact]
    public void Transceiver_AnotherProcessAnswers_TheOldOneIsSaidToBeGone()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        pair.Acceptor = pair.NewAcceptor(incarnation: 2);
        pair.Run(TimeSpan.FromMilliseconds(200));
        Assert.Equal([LinkEventKind.Replaced, LinkEventKind.Up], pair.ConnectorEvents.TakeLast(2).Select(e => e.Kind));
        Assert.Contains(new LinkEvent(LinkEventKind.Replaced, 0, 3, 1), pair.ConnectorEvents);
    }

    [Fact]
    public void Connection_Closed_BothEndsAreDownAtOnceAndUpWithTheNext()
    {
        var pair = new LinkPair();
        pair.Acceptor.SetSlots([new(8, 2)], pair.Now);
        pair.Run(TimeSpan.FromSeconds(2));
        pair.Connector.Disconnect();
        pair.Acceptor.Disconnect(pair.ConnectorAddress);
        pair.Exchange();
        Assert.False(pair.Connector.IsUp);
        Assert.False(pair.Acceptor.IsUp(0));
        Assert.Equal((0ul, Instant.Never), (pair.Connector.Cookie, pair.Connector.NextTimeout));
        Assert.Equal(LinkEventKind.Down, pair.ConnectorEvents[^1].Kind);
        Assert.Equal(LinkEventKind.Down, pair.AcceptorEvents[^1].Kind);

        pair.ConnectorAddress = TransportAddress.FromIPv4(0x0A000001, 40002);
        pair.Connector.Connect(pair.Now);
        pair.Exchange();
        Assert.True(pair.Connector.IsUp);
        Assert.Equal((1, 2), (pair.Acceptor.LinkCount, pair.Connector.Epochs[8]));
        Assert.Equal(LinkEventKind.Replaced, pair.AcceptorEvents[^1].Kind);
    }

    [Fact]
    public void Connection_ReplacedBeforeItsEndIsSeen_TheEndOfTheOldOneDoesNotMatter()
    {
        var pair = new LinkPair();
        pair.Exchange();
        pair.Connector.Disconnect();
        pair.ConnectorAddress = TransportAddress.FromIPv4(0x0A000001, 40002);
        pair.Connector.Connect(pair.Now);
        pair.Exchange();
        Assert.Equal(LinkEventKind.Replaced, pair.AcceptorEvents[^1].Kind);
        pair.Acceptor.Disconnect(LinkPair.RelayAddress);
        Assert.True(pair.Acceptor.IsUp(0));
    }

    [Fact]
    public void Connections_TwoOfOneWorker_AreOnePathAndShareItsSessions()
    {
        var pair = new LinkPair();
        TransportAddress[] addresses = JoinWorker(pair, "relay-0.0a", "relay-0.0b");
        // Whichever it comes by, the path of a packet is the same.
        pair.DeliverToAcceptor(pair.UpFrame(5, Packet), addresses[1]);
        TransportPath path = pair.Up[0].Path;
        Assert.Equal(0, LinkBase.Link(path.Base));
        for (ulong session = 0; session < 10; session++)
        {
            Assert.True(pair.Acceptor.TryGetRelay(path, new SessionId(session), out int link, out TransportAddress relay));
            Assert.Equal(((int)(session % 2), addresses[(int)(session % 2)]), (link, relay));
        }
        pair.Acceptor.Disconnect(addresses[1]);
        for (ulong session = 0; session < 10; session++)
        {
            pair.Acceptor.TryGetRelay(path, new SessionId(session), out _, out TransportAddress relay);
            Assert.Equal(addresses[0], relay);
        }
        // With none left it goes where it went last: over UDP that may well arrive.
        pair.Acceptor.Disconnect(addresses[0]);
        Assert.True(pair.Acceptor.TryGetRelay(path, new SessionId(0), out _, out TransportAddress last));
        Assert.Equal(addresses[0], last);
    }

    [Fact]
    public void IsLost_RelayDrainsOrIsAway_SaysSoUntilAnotherProcessComes()
    {
        var pair = new LinkPair();
        pair.Exchange();
        Assert.False(pair.Acceptor.IsLost(0));
        Assert.True(pair.Acceptor.IsLost(1));
        pair.Connector.Drain();
        pair.Exchange();
        Assert.True(pair.Acceptor.IsLost(0));
        pair.Connector = pair.NewConnector(2);
        pair.Exchange();
        Assert.False(pair.Acceptor.IsLost(0));
        pair.Acceptor.Disconnect(pair.ConnectorAddress);
        Assert.True(pair.Acceptor.IsLost(0));
    }

    [Fact]
    public void IsLost_OneOfTwoConnectionsIsLeft_IsNot()
    {
        var pair = new LinkPair();
        TransportAddress[] addresses = JoinWorker(pair, "relay-0.0a", "relay-0.0b");
        pair.Acceptor.Disconnect(addresses[0]);
        Assert.False(pair.Acceptor.IsLost(0));
        pair.Acceptor.Disconnect(addresses[1]);
        Assert.True(pair.Acceptor.IsLost(0));
    }

    [Fact]
    public void Connections_OfDifferentWorkers_AreDifferentPaths()
    {
        var pair = new LinkPair();
        JoinWorker(pair, "relay-0.0a", "relay-0.1a", "relay-0.0b");
        Assert.Equal([0, 1, 0], pair.Up.Select(u => LinkBase.Link(u.Path.Base)));
    }

    [Fact]
    public void Connections_TheFirstIsLongGone_ItsNumberStaysThePathOfTheOthers()
    {
        var pair = new LinkPair();
        TransportAddress[] addresses = JoinWorker(pair, "relay-0.0a", "relay-0.0b");
        TransportPath path = pair.Up[0].Path;
        pair.Acceptor.Disconnect(addresses[0]);
        pair.Run(LinkTiming.ForgetAfter + LinkTiming.DownAfter);
        for (int i = 0; i < LinkAcceptor.MaximumLinks; i++) JoinWorker(pair, $"other-{i}");
        // All numbers were taken but the one that the path of a living link needs.
        Assert.Equal("relay-0.0a", pair.Acceptor.RelayId(0));
        Assert.True(pair.Acceptor.TryGetRelay(path, new SessionId(0), out int link, out _));
        Assert.Equal(1, link);
    }

    /// <summary>Links under these ids, each from an address of its own, and a packet of session 5 by each.</summary>
    private static TransportAddress[] JoinWorker(LinkPair pair, params string[] ids)
    {
        var addresses = new TransportAddress[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            pair.ConnectorAddress = addresses[i] = TransportAddress.FromIPv4(
                0x0A000001, (ushort)(41_000 + (pair.Acceptor.LinkCount * 10) + i));
            pair.Connector = pair.NewConnector(1, ids[i]);
            pair.Exchange();
            if (pair.Connector.IsUp) pair.DeliverToAcceptor(pair.UpFrame(5, Packet), addresses[i]);
        }
        return addresses;
    }

    [Fact]
    public void SetSlots_FirstAnnouncementLost_IsRepeatedUntilAcknowledged()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(1));
        pair.Acceptor.SetSlots([new(1, 5)], pair.Now);
        pair.IsCut = true;
        pair.Exchange();
        Assert.Equal(-1, pair.Connector.Epochs[1]);
        pair.IsCut = false;
        pair.Run(LinkTiming.SlotsRetry);
        Assert.Equal(5, pair.Connector.Epochs[1]);
        int sent = Announcements(pair);
        pair.Run(TimeSpan.FromMilliseconds(500));
        Assert.Equal(sent, Announcements(pair));
    }

    [Fact]
    public void SetSlots_MoreThanADatagramHolds_ArrivesInParts()
    {
        var pair = new LinkPair();
        pair.Acceptor = pair.NewAcceptor(1, slotCount: 4096);
        pair.Connector = pair.NewConnector(1, slotCount: 4096);
        pair.Exchange();
        pair.Acceptor.SetSlots([.. Enumerable.Range(0, 2048).Select(i => new SlotOwnership((ushort)(2 * i), 3))], pair.Now);
        pair.Run(TimeSpan.FromSeconds(2));
        for (int i = 0; i < 4096; i++) Assert.Equal(i % 2 == 0 ? 3 : -1, pair.Connector.Epochs[i]);
        int sent = Announcements(pair);
        pair.Run(TimeSpan.FromMilliseconds(900));
        Assert.Equal(sent, Announcements(pair));
    }

    private static int Announcements(LinkPair pair) => pair.ToConnector.Sum(d => Frames(d, LinkFrameKind.Slots));

    private static int Frames(byte[] datagram, LinkFrameKind kind)
    {
        int count = 0;
        for (Span<byte> rest = datagram; LinkFrame.TryRead(rest, out LinkFrame frame, out _); rest = rest[frame.Length..])
            count += frame.Kind == kind ? 1 : 0;
        return count;
    }

    [Fact]
    public void SendGone_ManySessions_AllArrive()
    {
        var pair = new LinkPair();
        pair.Exchange();
        for (ulong i = 0; i < 200; i++) pair.Acceptor.SendGone(new SessionId(i));
        pair.Exchange();
        Assert.Equal(200, pair.Down.Count(d => d.Kind == LinkFrameKind.Gone));
        Assert.All(pair.ToConnector, d => Assert.True(d.Length <= LinkFrame.CoalescedBytes));
    }

    [Fact]
    public void Drain_Announced_IsSeenAndSurvivesALostFrame()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(1));
        pair.IsCut = true;
        pair.Connector.Drain();
        pair.Exchange();
        Assert.False(pair.Acceptor.IsDraining(0));
        pair.IsCut = false;
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.True(pair.Acceptor.IsDraining(0));
        Assert.Single(pair.AcceptorEvents, e => e.Kind == LinkEventKind.Draining);
    }

    [Fact]
    public void Suspect_Sent_NamesShardAndIncarnation()
    {
        var pair = new LinkPair();
        pair.Exchange();
        pair.Connector.Suspect(7, 0xABCD);
        pair.Exchange();
        Assert.Contains(new LinkEvent(LinkEventKind.Suspected, 0, 7, 0xABCD), pair.AcceptorEvents);
    }

    [Fact]
    public void Suspect_FirstFrameLost_IsNamedAgainAndNotForEver()
    {
        var pair = new LinkPair();
        pair.Run(TimeSpan.FromSeconds(5));
        pair.IsCut = true;
        pair.Connector.Suspect(7, 0xABCD);
        pair.Exchange();
        pair.IsCut = false;
        pair.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(2, pair.AcceptorEvents.Count(e => e.Kind == LinkEventKind.Suspected));
    }

    [Fact]
    public void Epochs_SeenByTheRelay_ReachATransceiverThatComesUpAndLaterChangesToo()
    {
        long[] seen = [.. Enumerable.Range(0, LinkPair.SlotCount).Select(slot => slot % 2 == 0 ? 10L + slot : -1)];
        var pair = new LinkPair();
        pair.Connector = pair.NewConnector(1, seen: seen);
        pair.Exchange();
        Dictionary<int, uint> told = Taken(pair);
        Assert.Equal(Enumerable.Range(0, LinkPair.SlotCount).Where(slot => slot % 2 == 0).ToDictionary(s => s, s => 10u + (uint)s), told);
        // Told again, it is no news.
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.Empty(Taken(pair));
        seen[5] = 3;
        pair.IsCut = true;
        pair.Connector.TellEpochs();
        pair.Exchange();
        pair.IsCut = false;
        pair.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(new Dictionary<int, uint> { [5] = 3 }, Taken(pair));
        int sent = pair.ToAcceptor.Sum(d => Frames(d, LinkFrameKind.Epochs));
        pair.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(sent, pair.ToAcceptor.Sum(d => Frames(d, LinkFrameKind.Epochs)));
        Assert.Equal(0, pair.Acceptor.Drops[LinkDrop.Malformed]);
    }

    [Fact]
    public void Epochs_MoreThanADatagramHolds_AllArrive()
    {
        long[] seen = [.. Enumerable.Range(0, 4096).Select(slot => (long)slot)];
        var pair = new LinkPair();
        pair.Acceptor = pair.NewAcceptor(1, slotCount: 4096);
        pair.Connector = pair.NewConnector(1, slotCount: 4096, seen: seen);
        pair.Exchange();
        Dictionary<int, uint> told = Taken(pair);
        Assert.Equal(4096, told.Count);
        Assert.True(pair.Acceptor.TryTakeView());
        Assert.False(pair.Acceptor.TryTakeView());
        Assert.All(told, t => Assert.Equal((uint)t.Key, t.Value));
        Assert.All(pair.ToAcceptor, d => Assert.True(d.Length <= LinkFrame.CoalescedBytes));
    }

    [Fact]
    public void Epochs_OfAnotherRegionOrBeyondTheSlots_AreDropped()
    {
        var pair = new LinkPair();
        pair.Connector = pair.NewConnector(1, slotCount: 128, seen: [.. Enumerable.Repeat(1L, 128)]);
        pair.Exchange();
        Assert.Empty(Taken(pair));
        Assert.Equal(1, pair.Acceptor.Drops[LinkDrop.Malformed]);
        pair.Connector = pair.NewConnector(1, "relay-1.0", seen: [1], region: 4);
        pair.Exchange();
        Assert.Empty(Taken(pair));
        Assert.Equal(2, pair.Acceptor.Drops[LinkDrop.Malformed]);
    }

    private static Dictionary<int, uint> Taken(LinkPair pair)
    {
        var taken = new Dictionary<int, uint>();
        while (pair.Acceptor.TryTakeEpoch(out ushort slot, out uint epoch)) taken[slot] = epoch;
        return taken;
    }

    [Fact]
    public void Acceptor_MoreRelaysThanNumbers_RefusesUntilOneIsForgotten()
    {
        var pair = new LinkPair();
        for (int i = 0; i < LinkAcceptor.MaximumLinks; i++)
        {
            pair.ConnectorAddress = TransportAddress.FromIPv4(0x0A000001, (ushort)(1000 + i));
            pair.Connector = pair.NewConnector(1, $"relay-{i}");
            pair.Exchange();
            Assert.True(pair.Connector.IsUp);
        }
        pair.ConnectorAddress = TransportAddress.FromIPv4(0x0A000001, 999);
        pair.Connector = pair.NewConnector(1, "one-too-many");
        pair.Exchange();
        Assert.False(pair.Connector.IsUp);
        Assert.Equal(1, pair.Acceptor.Drops[LinkDrop.TooManyLinks]);
        pair.Run(LinkTiming.ForgetAfter + LinkTiming.DownAfter);
        Assert.True(pair.Connector.IsUp);
        Assert.Equal(LinkAcceptor.MaximumLinks, pair.Acceptor.LinkCount);
    }

    [Fact]
    public void TryGetRelay_NeverSeenLink_IsCounted()
    {
        var pair = new LinkPair();
        Assert.False(pair.Acceptor.TryGetRelay(new TransportPath(LinkBase.Compose(3, 0), LinkPair.Client), new SessionId(5), out _, out _));
        Assert.Equal(1, pair.Acceptor.Drops[LinkDrop.NoLink]);
    }

    [Fact]
    public void Receive_AnyBytesAtBothEnds_NeverThrows()
    {
        var pair = new LinkPair();
        pair.Exchange();
        ulong cookie = pair.Connector.Cookie;
        byte[] buffer = new byte[70_000];
        Prop.ForAll<byte[], byte>((payload, kind) =>
        {
            pair.DeliverToAcceptor(payload, LinkPair.RelayAddress);
            pair.DeliverToConnector(payload);
            var anyKind = (LinkFrameKind)(1 + (kind % (int)LinkFrameKind.Epochs));
            int length = LinkFrame.WriteControl(buffer, anyKind, cookie, payload);
            pair.DeliverToAcceptor(buffer[..length], LinkPair.RelayAddress);
            pair.DeliverToConnector(buffer[..length]);
            pair.Exchange();
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Receive_ThousandsOfStrangeCookies_AnswersAreBounded()
    {
        var pair = new LinkPair();
        byte[] buffer = new byte[64];
        for (ulong i = 1; i <= 10_000; i++)
        {
            int length = LinkFrame.WriteControl(buffer, LinkFrameKind.Probe, i, new byte[LinkProbe.Length]);
            pair.DeliverToAcceptor(buffer[..length], LinkPair.Client);
        }
        pair.IsCut = true;
        pair.Exchange();
        Assert.Equal(10_000, pair.Acceptor.Drops[LinkDrop.UnknownCookie]);
        Assert.InRange(pair.ToConnector.Count, 1, 64);
    }

    [Fact]
    public void DataPath_BothEnds_AllocatesNothing()
    {
        var pair = new LinkPair();
        pair.Exchange();
        byte[] up = new byte[200], down = new byte[200];
        var path = new TransportPath(LinkBase.Compose(0, 2), LinkPair.Client);
        Assert.Equal(0, Allocations.Least(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                int length = pair.Connector.WriteData(up, new SessionId(5), LinkPair.Client, 2, false, Packet);
                LinkAcceptor.Frames received = pair.Acceptor.Receive(up.AsSpan(0, length), LinkPair.RelayAddress, pair.Now);
                while (received.TryRead(out _)) { }
                pair.Acceptor.TryGetRelay(path, new SessionId(5), out int link, out _);
                length = pair.Acceptor.WriteData(down, link, new SessionId(5), path, Packet);
                LinkConnector.Frames answered = pair.Connector.Receive(down.AsSpan(0, length), pair.Now);
                while (answered.TryRead(out _)) { }
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }));
    }
}
