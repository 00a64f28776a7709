using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Links;
using Dapr.Voice.Steering;
using Dapr.Voice.Udp;
using Dapr.Voice.Wire;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Links;

public sealed class TcpLinkTransportTests : IDisposable
{
    private static readonly TransportAddress Client = TransportAddress.FromIPv4(0xC0000207, 5004);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TcpLinkTransport _acceptor = TcpLinkTransport.Listen(TransportAddress.FromIPv4(0x7F000001, 0));
    private readonly TcpLinkTransport _connector = TcpLinkTransport.Create(8);
    private OpenDatagram _open;

    public void Dispose()
    {
        _acceptor.Dispose();
        _connector.Dispose();
    }

    private static void Until(Func<bool> condition)
    {
        Instant end = MonotonicClock.Now + Patience;
        while (!condition()) Assert.True(MonotonicClock.Now < end, "The condition never came true.");
    }

    private TransportAddress Connect()
    {
        TransportAddress peer = _connector.Connect(_acceptor.LocalAddress, MonotonicClock.Now);
        LinkTransportEvent occurred = default;
        Until(() =>
        {
            _connector.Receive(MonotonicClock.Now);
            return _connector.TryTakeEvent(out occurred);
        });
        Assert.Equal(new LinkTransportEvent(LinkTransportEventKind.Connected, peer), occurred);
        return peer;
    }

    private void Append(TransportAddress to, ReadOnlySpan<byte> packet, Instant now)
    {
        if (_connector.TryAppend(ref _open, to, LinkFrame.HeaderLengthIPv4 + packet.Length, LinkTransport.IsAudio(packet), now,
            out Span<byte> room))
            LinkFrame.Write(room, LinkFrameKind.Data, 1, new SessionId(packet[^1]), Client, packet);
    }

    private static byte[] Audio(byte number, int length = 72)
    {
        byte[] packet = new byte[length];
        (packet[0], packet[1], packet[^1]) = (0x80, 111, number);
        return packet;
    }

    private static byte[] Dtls(byte number) => [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, number];

    private long Closes(string reason) => _acceptor.Closes.Single(c => c.Key == reason).Value;

    [Fact]
    public void Append_AudioAndTheRest_NeverShareAUnitAndAreCoalesced()
    {
        TransportAddress peer = Connect();
        Instant now = MonotonicClock.Now;
        for (byte i = 0; i < 40; i++)
        {
            Append(peer, Audio(i), now);
            Append(peer, Dtls(i), now);
        }
        _connector.Flush(now);
        List<byte> audio = [], rest = [];
        int units = 0;
        Until(() =>
        {
            int count = _acceptor.Receive(MonotonicClock.Now);
            units += count;
            for (int i = 0; i < count; i++)
            {
                _acceptor.Get(i, out Span<byte> unit, out _);
                Assert.InRange(unit.Length, 1, LinkFrame.CoalescedBytes);
                bool? isAudio = null;
                while (!unit.IsEmpty)
                {
                    Assert.True(LinkFrame.TryRead(unit, out LinkFrame frame, out _));
                    bool isThisAudio = frame.Payload[0] == 0x80;
                    Assert.Equal(isAudio ?? isThisAudio, isThisAudio);
                    isAudio = isThisAudio;
                    (isThisAudio ? audio : rest).Add(frame.Payload[^1]);
                    unit = unit[frame.Length..];
                }
            }
            return audio.Count + rest.Count == 80;
        });
        Assert.Equal([.. Enumerable.Range(0, 40).Select(i => (byte)i)], audio);
        Assert.Equal([.. Enumerable.Range(0, 40).Select(i => (byte)i)], rest);
        Assert.InRange(units, 4, 6);
    }

    [Fact]
    public void SendControl_BehindPackets_ArrivesBehindThem()
    {
        TransportAddress peer = Connect();
        Instant now = MonotonicClock.Now;
        Append(peer, Dtls(1), now);
        Append(peer, Audio(2), now);
        _connector.SendControl(peer, "gone"u8, now);
        _connector.Flush(now);
        int units = 0;
        bool isLast = false;
        Until(() =>
        {
            int count = _acceptor.Receive(MonotonicClock.Now);
            for (int i = 0; i < count; i++, units++)
            {
                _acceptor.Get(i, out Span<byte> unit, out _);
                isLast = unit.SequenceEqual("gone"u8);
            }
            return units == 3;
        });
        Assert.True(isLast);
    }

    [Fact]
    public void Stranger_WithoutHandshakeForTwoSeconds_IsClosedAndCounted()
    {
        using var stranger = new TcpClient();
        stranger.Connect(_acceptor.LocalAddress.ToIPEndPoint());
        Until(() => { _acceptor.Receive(MonotonicClock.Now); return _acceptor.Open == 1; });
        Instant now = MonotonicClock.Now;
        _acceptor.HandleTimeout(now);
        Assert.Equal(1, _acceptor.Open);
        Assert.InRange((_acceptor.NextTimeout - now).TotalSeconds, 1, 2.1);
        _acceptor.HandleTimeout(now + TcpLinkTransport.AdmissionTime);
        Assert.Equal(0, _acceptor.Open);
        Assert.Equal(1, Closes("NoHandshake"));
        Assert.True(_acceptor.TryTakeEvent(out LinkTransportEvent occurred) && occurred.Kind == LinkTransportEventKind.Closed);
        Assert.Equal(0, stranger.GetStream().Read(new byte[1]));
    }

    [Fact]
    public void Stranger_Admitted_Stays()
    {
        TransportAddress peer = Connect();
        Instant now = MonotonicClock.Now;
        _connector.SendControl(peer, "hello"u8, now);
        _connector.Flush(now);
        Until(() => _acceptor.Receive(MonotonicClock.Now) == 1);
        _acceptor.Get(0, out _, out TransportAddress from);
        _acceptor.Admit(from);
        _acceptor.HandleTimeout(now + (2 * TcpLinkTransport.AdmissionTime));
        Assert.Equal(1, _acceptor.Open);
    }

    [Fact]
    public void Strangers_MoreThanAllowed_TheOldestGiveWay()
    {
        List<TcpClient> strangers = [];
        try
        {
            for (int i = 0; i < TcpLinkTransport.MaximumStrangers + 5; i++)
            {
                strangers.Add(new TcpClient());
                strangers[^1].Connect(_acceptor.LocalAddress.ToIPEndPoint());
                int accepted = i + 1;
                Until(() => { _acceptor.Receive(MonotonicClock.Now);
                return _acceptor.Open == Math.Min(accepted, TcpLinkTransport.MaximumStrangers); });
            }
            Assert.Equal(5, Closes("TooManyStrangers"));
            for (int i = 0; i < 5; i++) Assert.Equal(0, strangers[i].GetStream().Read(new byte[1]));
        }
        finally
        {
            foreach (TcpClient stranger in strangers) stranger.Dispose();
        }
    }

    [Fact]
    public void Strangers_SilentOnesBefore_ThoseThatSpeakAreHeardBeforeTheyGiveWay()
    {
        const int Count = 100;
        List<TcpClient> strangers = [];
        try
        {
            int units = 0;
            for (int i = 0; i < 2 * Count; i++)
            {
                strangers.Add(new TcpClient());
                strangers[^1].Connect(_acceptor.LocalAddress.ToIPEndPoint());
                if (i >= Count) strangers[^1].GetStream().Write([0, 1, 7]);
                else Until(() => { _acceptor.Receive(MonotonicClock.Now); return _acceptor.Open == strangers.Count; });
            }
            Until(() => { units += _acceptor.Receive(MonotonicClock.Now); return units == Count; });
            Assert.Equal((2 * Count) - TcpLinkTransport.MaximumStrangers, Closes("TooManyStrangers"));
        }
        finally
        {
            foreach (TcpClient stranger in strangers) stranger.Dispose();
        }
    }

    [Fact]
    public void Strangers_AllTheirPlacesTaken_NewcomersOfATurnAreNotRefused()
    {
        List<TcpClient> strangers = [];
        try
        {
            // Four that are ours, then as many strangers as may be, then a turn's worth of newcomers before anybody looks.
            for (int i = 0; i < 4; i++)
            {
                _connector.SendControl(Connect(), "hello"u8, MonotonicClock.Now);
                _connector.Flush(MonotonicClock.Now);
                Until(() => _acceptor.Receive(MonotonicClock.Now) == 1);
                _acceptor.Get(0, out _, out TransportAddress from);
                _acceptor.Admit(from);
            }
            for (int i = 0; i < TcpLinkTransport.MaximumStrangers + 64; i++)
            {
                strangers.Add(new TcpClient());
                strangers[^1].Connect(_acceptor.LocalAddress.ToIPEndPoint());
                if (i < TcpLinkTransport.MaximumStrangers)
                    Until(() => { _acceptor.Receive(MonotonicClock.Now); return _acceptor.Open == 4 + strangers.Count; });
            }
            Until(() => { _acceptor.Receive(MonotonicClock.Now); return Closes("TooManyStrangers") + Closes("Limit") == 64; });
            Assert.Equal((0, 4 + TcpLinkTransport.MaximumStrangers), (Closes("Limit"), _acceptor.Open));
        }
        finally
        {
            foreach (TcpClient stranger in strangers) stranger.Dispose();
        }
    }

    [Fact]
    public void Stranger_FrameOf64Kilobytes_IsRefused()
    {
        using var stranger = new TcpClient();
        stranger.Connect(_acceptor.LocalAddress.ToIPEndPoint());
        stranger.GetStream().Write([0xFF, 0xFF, 1, 2, 3]);
        int units = 0;
        Until(() => { units += _acceptor.Receive(MonotonicClock.Now); return Closes("FrameTooLong") == 1; });
        Assert.Equal((0, 0), (units, _acceptor.Open));
    }

    [Fact]
    public void TryAppend_LongerThanAnyPacket_IsCountedAndTheConnectionStays()
    {
        TransportAddress peer = Connect();
        Assert.False(_connector.TryAppend(ref _open, peer, LinkTransport.MaximumFrameBytes + 1, false, MonotonicClock.Now, out _));
        Assert.True(_connector.TryAppend(ref _open, peer, LinkTransport.MaximumFrameBytes, false, MonotonicClock.Now, out Span<byte> room));
        Assert.Equal(LinkTransport.MaximumFrameBytes, room.Length);
        Assert.Equal((1, 1), (_connector.Oversized, _connector.Open));
    }

    [Fact]
    public void PeerStandsStill_OldAudioGoes_ControlArrivesInFull()
    {
        TransportAddress peer = Connect();
        byte[] audio = Audio(1, 1200), control = Dtls(7);
        int sentControl = 0;
        Instant now = MonotonicClock.Now;
        for (int i = 0; i < 20_000; i++)
        {
            Append(peer, audio, now);
            if (i % 100 == 0) { Append(peer, control, now); sentControl++; }
            if (i % 20 == 0) _connector.Flush(now);
        }
        Assert.True(_connector.Counters.SendQueueFull > 10_000);
        Assert.Equal(1, _connector.Open);
        int heardControl = 0, heardAudio = 0;
        Until(() =>
        {
            int count = _acceptor.Receive(MonotonicClock.Now);
            for (int i = 0; i < count; i++)
            {
                _acceptor.Get(i, out Span<byte> unit, out _);
                while (LinkFrame.TryRead(unit, out LinkFrame frame, out _))
                {
                    if (frame.Payload[0] == 0x80) heardAudio++;
                    else heardControl++;
                    unit = unit[frame.Length..];
                }
            }
            _connector.Receive(now);
            _connector.Flush(now);
            return heardControl == sentControl;
        });
        Assert.InRange(heardAudio, 1, 10_000);
    }

    [Fact]
    public void PeerStandsStill_MoreControlThanTheQueueHolds_IsCutOff()
    {
        TransportAddress peer = Connect();
        byte[] unit = new byte[1400];
        for (int i = 0; i < 5000 && _connector.Open == 1; i++)
        {
            _connector.SendControl(peer, unit, MonotonicClock.Now);
            _connector.Flush(MonotonicClock.Now);
        }
        Assert.Equal(1, _connector.Closes.Single(c => c.Key == "QueueFull").Value);
        Assert.True(_connector.TryTakeEvent(out LinkTransportEvent occurred));
        Assert.Equal(new LinkTransportEvent(LinkTransportEventKind.Closed, peer), occurred);
        Assert.False(_connector.TryAppend(ref _open, peer, 10, false, MonotonicClock.Now, out _));
    }

    [Fact]
    public void Closed_NameOfOldConnection_DoesNotReachTheNewOneInItsPlace()
    {
        TransportAddress first = Connect();
        _connector.Close(first);
        Assert.False(_connector.TryTakeEvent(out _));
        TransportAddress second = Connect();
        Assert.NotEqual(first, second);
        Assert.False(_connector.TryAppend(ref _open, first, 10, true, MonotonicClock.Now, out _));
        Assert.True(_connector.TryAppend(ref _open, second, 10, true, MonotonicClock.Now, out _));
    }

    [Fact]
    public void Transport_ThousandsOfPackets_AllocatesNothing()
    {
        TransportAddress peer = Connect();
        byte[] audio = Audio(1), control = Dtls(2);
        Assert.Equal(0, Allocations.Least(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int units = 0;
            for (int turn = 0; turn < 500; turn++)
            {
                Instant now = MonotonicClock.Now;
                for (int i = 0; i < 20; i++) Append(peer, audio, now);
                Append(peer, control, now);
                _connector.Flush(now);
                int count = _acceptor.Receive(now);
                units += count;
                for (int i = 0; i < count; i++) _acceptor.Get(i, out _, out _);
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(units > 500);
            return allocated;
        }));
    }
}
