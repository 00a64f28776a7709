using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Stun;
using Dapr.Voice.Wire;
using FsCheck;
using FsCheck.Fluent;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Relay;

public sealed class RouterTests
{
    private const int Tokyo = 5, Osaka = 6;
    private static readonly TransportAddress Caller = TransportAddress.FromIPv4(0xC0000207, 5004),
        Rebound = TransportAddress.FromIPv4(0xC0000207, 6001);

    private readonly SlotTable _slots = new(0, 64);
    private readonly FlowTable _flows;
    private readonly Router _router;
    private Instant _now = Instant.FromMilliseconds(1000);

    public RouterTests()
    {
        _flows = new FlowTable(new FlowLimits(64, 32, 8, 1000, TimeSpan.FromSeconds(60)), KeyedHash.CreateRandom());
        _router = new Router(_flows, _slots, RelayPackets.Keys) { NowMinutes = 10 };
        _slots.Set(3, Tokyo, _now);
        _slots.Set(4, Osaka, _now);
    }

    private Verdict Up(byte[] packet, TransportAddress from, out int link, out SessionId session)
        => _router.RouteUp(packet, from, 0, _now, out link, out session);
    private Verdict Up(byte[] packet, TransportAddress from) => Up(packet, from, out _, out _);
    private void Wait(double seconds) => _now += TimeSpan.FromSeconds(seconds);

    [Fact]
    public void RouteUp_FirstCheck_MakesAFlowThatTheRestFollows()
    {
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller, out int link, out SessionId session));
        Assert.Equal((Tokyo, new SessionId(7)), (link, session));
        byte[] clientHello = [22, 254, 253, 0];
        Assert.Equal(Verdict.Forward, Up(clientHello, Caller, out link, out session));
        Assert.Equal((Tokyo, new SessionId(7)), (link, session));
        Assert.Equal(1, _flows.Count);
    }

    [Fact]
    public void RouteUp_UnknownSource_IsDropped()
    {
        Assert.Equal(Verdict.DropUnknownFlow, Up([22, 254, 253, 0], Caller));
        Assert.Equal(Verdict.DropUnknownFlow, Up(RelayPackets.Rtp(1), Caller));
    }

    [Theory]
    [InlineData(17)] // ZRTP in RFC 7983
    [InlineData(64)] // TURN channel data
    [InlineData(255)]
    public void RouteUp_FirstByteOfNoProtocolOfOurs_IsDropped(byte first)
        => Assert.Equal(Verdict.DropUnknownKind, Up([first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Caller));

    [Theory]
    [InlineData("forged", Verdict.DropBadHint)]
    [InlineData("", Verdict.DropBadHint)]
    [InlineData("cedrenabencwpcnlzxxqecvomc5ehekty2hlh3j", Verdict.DropBadHint)]
    public void RouteUp_CheckWithoutAHintOfOurs_IsDroppedWithoutTrace(string ufrag, object expected)
    {
        Assert.Equal((Verdict)expected, Up(RelayPackets.Check(ufrag, "x"), Caller));
        Assert.Equal(0, _flows.Count);
    }

    [Fact]
    public void RouteUp_CheckWithoutUsername_IsDropped()
    {
        byte[] buffer = new byte[64];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMethod.Binding, new byte[12]);
        Assert.Equal(Verdict.DropMissingHint, Up(buffer[..writer.Length], Caller));
    }

    [Fact]
    public void RouteUp_HintWithAnotherPassword_IsDroppedWithoutTrace()
    {
        Assert.Equal(Verdict.DropBadIntegrity,
            Up(RelayPackets.Check(RelayPackets.Hint(7).Encode(RelayPackets.HintKeys), "somebody who read the ufrag"), Caller));
        Assert.Equal(0, _flows.Count);
    }

    [Fact]
    public void RouteUp_ExpiredHint_OpensNoFlowButKeepsAnOldOne()
    {
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7, expiry: 10));
        Assert.Equal(Verdict.Forward, Up(check, Caller));
        _router.NowMinutes = 11;
        Assert.Equal(Verdict.Forward, Up(check, Caller));
        Assert.Equal(Verdict.DropExpiredHint, Up(check, Rebound));
        Assert.Equal(1, _flows.Count);
    }

    [Fact]
    public void RouteUp_OtherRegionOrUnownedSlot_IsDropped()
    {
        Assert.Equal(Verdict.DropForeignRegion, Up(RelayPackets.Check(RelayPackets.Hint(7, region: 1)), Caller));
        Assert.Equal(Verdict.DropOwnerUnknown, Up(RelayPackets.Check(RelayPackets.Hint(7, slot: 9)), Caller));
        Assert.Equal(Verdict.DropOwnerUnknown, Up(RelayPackets.Check(RelayPackets.Hint(7, slot: 64)), Caller));
        Assert.Equal(0, _flows.Count);
    }

    [Fact]
    public void RouteUp_SlotTakenOver_NextPacketGoesToTheNewOwner()
    {
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        _slots.Set(3, Osaka, _now);
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Rtp(1), Caller, out int link, out _));
        Assert.Equal(Osaka, link);
        _slots.Set(3, -1, _now);
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Rtp(1), Caller, out link, out _));
        Assert.Equal(Tokyo, link);
    }

    [Fact]
    public void RouteUp_AnotherSessionsLiveFlow_IsNotForTaking()
    {
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        byte[] other = RelayPackets.Check(RelayPackets.Hint(8, slot: 4));
        Wait(0.99);
        Assert.Equal(Verdict.DropFlowContested, Up(other, Caller));
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Rtp(1), Caller, out _, out SessionId session));
        Assert.Equal(new SessionId(7), session);
        Wait(1);
        Assert.Equal(Verdict.Forward, Up(other, Caller));
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Rtp(1), Caller, out int link, out session));
        Assert.Equal((Osaka, new SessionId(8)), (link, session));
    }

    [Fact]
    public void RouteUp_SameSessionAnotherSlot_MovesAtOnce()
    {
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Check(RelayPackets.Hint(7, slot: 4)), Caller));
        Up(RelayPackets.Rtp(1), Caller, out int link, out _);
        Assert.Equal(Osaka, link);
    }

    [Fact]
    public void RouteUp_KnownSsrcFromANewSource_GoesUpFlaggedAndLeavesNoFlow()
    {
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        Up(RelayPackets.Rtp(0xABCD), Caller);
        Assert.Equal(Verdict.ForwardUnverified, Up(RelayPackets.Rtp(0xABCD), Rebound, out int link, out SessionId session));
        Assert.Equal((Tokyo, new SessionId(7)), (link, session));
        Assert.Equal(1, _flows.Count);
        Assert.Equal(Verdict.DropUnknownFlow, Up(RelayPackets.Rtp(0xABCE), Rebound));
    }

    [Fact]
    public void RouteUp_KnownSsrcFlood_IsLimitedPerSecond()
    {
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        Up(RelayPackets.Rtp(0xABCD), Caller);
        for (int i = 0; i < Router.SideRoutedPerSecond; i++) Assert.Equal(Verdict.ForwardUnverified, Up(RelayPackets.Rtp(0xABCD), Rebound));
        Assert.Equal(Verdict.DropSideRouteRate, Up(RelayPackets.Rtp(0xABCD), Rebound));
        Wait(1);
        Assert.Equal(Verdict.ForwardUnverified, Up(RelayPackets.Rtp(0xABCD), Rebound));
    }

    [Fact]
    public void RouteUp_SsrcOfTwoSessions_LeadsNowhere()
    {
        var other = TransportAddress.FromIPv4(0xC0000208, 1);
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        Up(RelayPackets.Check(RelayPackets.Hint(8)), other);
        Up(RelayPackets.Rtp(0xABCD), Caller);
        Up(RelayPackets.Rtp(0xABCD), other);
        Assert.Equal(Verdict.DropUnknownFlow, Up(RelayPackets.Rtp(0xABCD), Rebound));
    }

    [Fact]
    public void RouteDown_AfterARestart_TeachesTheFlow()
    {
        Assert.Equal(Verdict.DropUnknownFlow, Up(RelayPackets.Rtp(1), Caller));
        Assert.Equal(Verdict.DeliverAndLearn, _router.RouteDown(Caller, new SessionId(7), 2, Osaka, default, _now));
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Rtp(1), Caller, out int link, out SessionId session));
        Assert.Equal((Osaka, new SessionId(7)), (link, session));
        Assert.Equal(Verdict.Deliver, _router.RouteDown(Caller, new SessionId(7), 2, Osaka, default, _now));
    }

    private readonly long[] _tokyoEpochs = new long[64], _osakaEpochs = new long[64];

    private SlotClaims TokyoClaims => new(1, _tokyoEpochs);
    private SlotClaims OsakaClaims => new(2, _osakaEpochs);

    /// <summary>Tokyo owned slot 3 with epoch 1, and Osaka took it with epoch 2.</summary>
    private void TakeOver()
    {
        Array.Fill(_tokyoEpochs, -1);
        Array.Fill(_osakaEpochs, -1);
        _tokyoEpochs[3] = 1;
        _slots.Note(3, 1, TokyoClaims.Incarnation);
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        Assert.Equal(Verdict.Deliver, _router.RouteDown(Caller, new SessionId(7), 0, Tokyo, TokyoClaims, _now));
        _osakaEpochs[3] = 2;
        _slots.Note(3, 2, OsakaClaims.Incarnation);
        _slots.Set(3, Osaka, _now);
    }

    [Fact]
    public void RouteDown_SlotTakenOver_FramesOfTheOldOwnerReachNobody()
    {
        TakeOver();
        Assert.Equal(Verdict.DropStaleEpoch, _router.RouteDown(Caller, new SessionId(7), 0, Tokyo, TokyoClaims, _now));
        Assert.Equal(Verdict.Deliver, _router.RouteDown(Caller, new SessionId(7), 0, Osaka, OsakaClaims, _now));
        // Not by another address of the session either, which the relay does not know.
        Assert.Equal(Verdict.DropStaleEpoch, _router.RouteDown(Rebound, new SessionId(7), 0, Tokyo, TokyoClaims, _now));
        Assert.Equal(Verdict.DeliverAndLearn, _router.RouteDown(Rebound, new SessionId(7), 0, Osaka, OsakaClaims, _now));
        Assert.Equal(Verdict.DropStaleEpoch, _router.RouteDown(Rebound, new SessionId(7), 0, Tokyo, TokyoClaims, _now));
        Up(RelayPackets.Rtp(1), Caller, out int link, out _);
        Assert.Equal(Osaka, link);
    }

    [Fact]
    public void RouteDown_NewOwnersLinkLost_TheOldOwnerIsStillNotHeard()
    {
        TakeOver();
        _slots.Set(3, Tokyo, _now);
        Assert.Equal(Verdict.DropStaleEpoch, _router.RouteDown(Caller, new SessionId(7), 0, Tokyo, TokyoClaims, _now));
    }

    [Fact]
    public void RouteDown_OwnerGaveTheSlotBackAndNobodyTookIt_ItsLastFramesPass()
    {
        TakeOver();
        _osakaEpochs[3] = -1;
        _slots.Set(3, -1, _now);
        Assert.Equal(Verdict.Deliver, _router.RouteDown(Caller, new SessionId(7), 0, Osaka, OsakaClaims, _now));
    }

    [Fact]
    public void RouteDown_SlotOfTheFlowUnknown_IsDelivered()
    {
        TakeOver();
        Assert.Equal(Verdict.DeliverAndLearn, _router.RouteDown(Rebound, new SessionId(9), 0, Tokyo, TokyoClaims, _now));
        Assert.Equal(Verdict.Deliver, _router.RouteDown(Rebound, new SessionId(9), 0, Tokyo, TokyoClaims, _now));
    }

    [Fact]
    public void RouteUp_OwnerLost_ChecksOfKnownFlowsAreAnsweredAsTheOwnerWould()
    {
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7));
        Up(check, Caller);
        _slots.Set(3, -1, _now);
        Wait(0.1);
        Assert.Equal(Verdict.AnswerAsCaretaker, Up(check, Caller));
        Assert.True(StunMessage.TryParse(_router.Caretaker.Answer, out StunMessage answer, out _));
        Assert.Equal((StunClass.SuccessResponse, StunMethod.Binding), (answer.Class, answer.Method));
        Assert.True(answer.TransactionId.SequenceEqual(check.AsSpan(8, 12)));
        Assert.True(answer.TryGetXorMappedAddress(out TransportAddress mapped));
        Assert.Equal(Caller, mapped);
        Assert.True(answer.HasValidFingerprint());
        string ufrag = RelayPackets.Hint(7).Encode(RelayPackets.HintKeys);
        string password = IcePassword.Derive(RelayPackets.PasswordKeys, ufrag);
        Assert.True(answer.VerifyMessageIntegrity(System.Text.Encoding.ASCII.GetBytes(password)));
        // What is no check goes where it went.
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Rtp(1), Caller, out int link, out _));
        Assert.Equal(Tokyo, link);
        _slots.Set(3, Osaka, _now);
        Assert.Equal(Verdict.Forward, Up(check, Caller, out link, out _));
        Assert.Equal(Osaka, link);
    }

    [Fact]
    public void RouteUp_OwnerLost_NobodyElseIsAnswered()
    {
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7));
        Assert.Equal(Verdict.DropOwnerUnknown, Up(RelayPackets.Check(RelayPackets.Hint(7, slot: 9)), Caller));
        Up(check, Caller);
        _slots.Set(3, -1, _now);
        Wait(0.1);
        // A source without a flow, another session, a wrong password.
        Assert.Equal(Verdict.DropOwnerUnknown, Up(check, Rebound));
        Assert.Equal(Verdict.DropOwnerUnknown, Up(RelayPackets.Check(RelayPackets.Hint(8)), Caller));
        byte[] forged = RelayPackets.Check(RelayPackets.Hint(7).Encode(RelayPackets.HintKeys), "guessed");
        Assert.Equal(Verdict.DropOwnerUnknown, Up(forged, Caller));
        Assert.Equal(1, _flows.Count);
        // The session has ended.
        _flows.RemoveSession(new SessionId(7));
        Assert.Equal(Verdict.DropOwnerUnknown, Up(check, Caller));
    }

    [Fact]
    public void RouteUp_OwnerLost_AnswersAreLimitedInRateAndTime()
    {
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7));
        Up(check, Caller);
        _slots.Set(3, -1, _now);
        Wait(0.1);
        Assert.Equal(Verdict.AnswerAsCaretaker, Up(check, Caller));
        Assert.Equal(Verdict.DropOwnerUnknown, Up(check, Caller));
        Wait(Caretaker.Interval.TotalSeconds);
        Assert.Equal(Verdict.AnswerAsCaretaker, Up(check, Caller));
        Wait(Caretaker.Limit.TotalSeconds);
        Assert.Equal(Verdict.DropOwnerUnknown, Up(check, Caller));
        // Another table change of an ownerless slot starts no new time.
        _slots.Set(3, -1, _now);
        Assert.Equal(Verdict.DropOwnerUnknown, Up(check, Caller));
    }

    [Fact]
    public void RouteUp_OwnerLostWhileTheRelayDrains_NothingIsAnswered()
    {
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7));
        Up(check, Caller);
        _slots.Set(3, -1, _now);
        Wait(0.1);
        _router.Caretaker.IsDraining = true;
        Assert.Equal(Verdict.DropOwnerUnknown, Up(check, Caller));
    }

    [Fact]
    public void RouteDown_ToAnotherSessionsLiveFlow_IsDeliveredAndChangesNothing()
    {
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        Assert.Equal(Verdict.DeliverWithoutFlow, _router.RouteDown(Caller, new SessionId(8), 0, Osaka, default, _now));
        Up(RelayPackets.Rtp(1), Caller, out _, out SessionId session);
        Assert.Equal(new SessionId(7), session);
    }

    [Theory]
    [InlineData("0.0.0.0:5")]
    [InlineData("224.0.0.1:5")]
    [InlineData("255.255.255.255:5")]
    [InlineData("192.0.2.1:0")]
    [InlineData("[::]:5")]
    [InlineData("[ff02::1]:5")]
    public void RouteDown_NoUnicastAddress_IsDropped(string client)
    {
        Assert.True(TransportAddress.TryParse(client, out TransportAddress address));
        Assert.Equal(Verdict.DropBadDestination, _router.RouteDown(address, new SessionId(7), 0, Tokyo, default, _now));
    }

    [Fact]
    public void RouteUp_SessionGone_FlowIsForgotten()
    {
        Up(RelayPackets.Check(RelayPackets.Hint(7)), Caller);
        _flows.RemoveSession(new SessionId(7));
        Assert.Equal(Verdict.DropUnknownFlow, Up(RelayPackets.Rtp(1), Caller));
    }

    [Fact]
    public void RouteUp_LimitsReached_EachSaysWhich()
    {
        static TransportAddress At(uint host, int port) => TransportAddress.FromIPv4(0x0A000000 + host, (ushort)port);
        for (int i = 0; i < 8; i++)
        {
            Wait(0.001);
            Assert.Equal(Verdict.Forward, Up(RelayPackets.Check(RelayPackets.Hint(7)), At(1, 1000 + i)));
        }
        Assert.Equal(Verdict.DropSessionLimit, Up(RelayPackets.Check(RelayPackets.Hint(7)), At(1, 2000)));
        for (uint i = 8; i < 32; i++) Assert.Equal(Verdict.Forward, Up(RelayPackets.Check(RelayPackets.Hint(i)), At(1, 3000 + (int)i)));
        Assert.Equal(Verdict.DropPrefixLimit, Up(RelayPackets.Check(RelayPackets.Hint(99)), At(1, 4000)));
        for (uint i = 0; i < 32; i++) Assert.Equal(Verdict.Forward, Up(RelayPackets.Check(RelayPackets.Hint(100 + i)), At(2 + i, 1)));
        Assert.Equal(Verdict.DropFlowTableFull, Up(RelayPackets.Check(RelayPackets.Hint(999)), At(99, 1)));
        // A caller who moves about loses the address that is silent for longest, not the call.
        Wait(1);
        _flows.RemoveSession(new SessionId(100));
        Assert.Equal(Verdict.Forward, Up(RelayPackets.Check(RelayPackets.Hint(7)), At(200, 1)));
        Assert.Equal(Verdict.DropUnknownFlow, Up([22, 0], At(1, 1000)));
    }

    [Fact]
    public void RouteUp_NewFlowsTooFast_AreRefusedUntilTimePasses()
    {
        var flows = new FlowTable(new FlowLimits(64, 32, 8, 3, TimeSpan.FromSeconds(60)), KeyedHash.CreateRandom());
        var router = new Router(flows, _slots, RelayPackets.Keys);
        var verdicts = Enumerable.Range(0, 4)
            .Select(i => router.RouteUp(RelayPackets.Check(RelayPackets.Hint((ulong)i)), TransportAddress.FromIPv4(1, (ushort)(i + 1)), 0,
            _now, out _, out _)).ToList();
        Assert.Equal([Verdict.Forward, Verdict.Forward, Verdict.Forward, Verdict.DropNewFlowRate], verdicts);
        Assert.Equal(Verdict.DeliverAndLearn, router.RouteDown(Rebound, new SessionId(77), 0, Tokyo, default, _now));
        Wait(0.34);
        Assert.Equal(Verdict.Forward, router.RouteUp(RelayPackets.Check(RelayPackets.Hint(9)), Caller, 0, _now, out _, out _));
    }

    [Fact]
    public void RouteUp_AnyBytes_NeverThrowsAndMakesNoFlow()
        => Prop.ForAll<byte[]>(bytes => { Assert.NotEqual(Verdict.Forward, Up(bytes, Caller)); }).QuickCheckThrowOnFailure();

    [Fact]
    public void RouteUp_MutatedCheck_NeverThrows()
    {
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7));
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] mutated = [.. check];
            for (int n = random.Next(1, 4); n > 0; n--) mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
            Up(mutated[..random.Next(mutated.Length + 1)], Caller);
        }
        Assert.True(_flows.Count <= 1);
    }

    [Fact]
    public void RouteUp_ManyKindsOfPackets_AllocatesNothing()
    {
        byte[] check = RelayPackets.Check(RelayPackets.Hint(7)), forged = RelayPackets.Check("forged", "x"), rtp = RelayPackets.Rtp(5);
        Assert.Equal(0, Allocations.Least(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++)
            {
                Up(check, Caller);
                Up(forged, Rebound);
                Up(rtp, Caller);
                Up(rtp, Rebound);
                _router.RouteDown(Caller, new SessionId(7), 0, Tokyo, default, _now);
                _flows.RemoveSession(new SessionId(7));
                _flows.Sweep(_now);
                Wait(0.01);
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }));
    }
}
