using System.Text;
using Dapr.Voice.Ice;
using Dapr.Voice.Stun;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ice;

public sealed class IceLiteTests
{
    private static readonly IceCredentials Local = new("hint234567hint234567", "server-password-of-32-characters");
    private static readonly TransportPath First = Path(0, "192.0.2.1:5000");
    private static readonly TransportPath Second = Path(0, "192.0.2.2:5000");
    private readonly byte[] _buffer = new byte[1500];

    [Fact]
    public void Receive_FirstAuthenticatedCheck_SelectsBeforeNomination()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local), First, At(10));
        Assert.Equal(First, agent.SelectedPath);
        Assert.True(agent.IsValidated(First));
        Assert.False(agent.IsValidated(Second));
        Assert.True(agent.TryTakeEvent(out IceEvent occurred));
        Assert.Equal(new IceEvent(IceEventKind.Connected, First), occurred);
        Assert.False(agent.TryTakeEvent(out _));
    }

    [Theory]
    [InlineData("192.0.2.1:5000")]
    [InlineData("[2001:db8::5]:5000")]
    public void TryTransmit_AfterACheck_AnswersWithMappedAddressIntegrityAndFingerprint(string remote)
    {
        IceAgent agent = Lite();
        byte[] request = Checks.Request(Local);
        agent.Receive(request, Path(3, remote), At(10));
        Assert.True(agent.TryTransmit(_buffer, out int length, out TransportPath to));
        Assert.Equal(Path(3, remote), to);
        Assert.True(StunMessage.TryParse(_buffer.AsSpan(0, length), out StunMessage answer, out _));
        Assert.Equal(StunClass.SuccessResponse, answer.Class);
        Assert.True(answer.TransactionId.SequenceEqual(request.AsSpan(8, 12)));
        Assert.True(answer.TryGetXorMappedAddress(out TransportAddress mapped));
        Assert.Equal(to.Remote, mapped);
        Assert.True(answer.VerifyMessageIntegrity(Encoding.ASCII.GetBytes(Local.Password)));
        Assert.True(answer.HasValidFingerprint());
        Assert.False(agent.TryTransmit(_buffer, out _, out _));
    }

    public static TheoryData<string, byte[]> BadRequests => new()
    {
        { nameof(IceDropReason.Malformed), [0, 1, 0, 0] },
        { nameof(IceDropReason.BadIntegrity), Checks.Request($"{Local.Ufrag}:peer", "another password") },
        { nameof(IceDropReason.UnknownUfrag), Checks.Request("someoneelse:peer", Local.Password) },
        { nameof(IceDropReason.UnknownUfrag), Checks.Request(Local.Ufrag, Local.Password) },
        { nameof(IceDropReason.UnknownUfrag), Checks.Request($"{Local.Ufrag}x:peer", Local.Password) },
        { nameof(IceDropReason.NoFingerprint), Checks.Request($"{Local.Ufrag}:peer", Local.Password, hasFingerprint: false) },
        { nameof(IceDropReason.BadFingerprint), Damage(Checks.Request($"{Local.Ufrag}:peer", Local.Password)) },
        { nameof(IceDropReason.NoCredentials), Checks.Request($"{Local.Ufrag}:peer", Local.Password, hasIntegrity: false) },
        { nameof(IceDropReason.NoCredentials), Checks.Request("", Local.Password) },
        { nameof(IceDropReason.NotBinding), OtherMethod() },
        { nameof(IceDropReason.UnexpectedResponse), UnaskedResponse() },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public void Receive_BadRequest_IsCountedAndGetsNoAnswer(string reason, byte[] datagram)
    {
        IceAgent agent = Lite();
        agent.Receive(datagram, First, At(10));
        Assert.Equal(1, agent.Statistics.Dropped(Enum.Parse<IceDropReason>(reason)));
        Assert.False(agent.TryTransmit(_buffer, out _, out _));
        Assert.Null(agent.SelectedPath);
        Assert.False(agent.IsValidated(First));
        Assert.Equal(0, agent.Statistics.ChecksReceived);
    }

    [Fact]
    public void Receive_WrongPeerUfrag_IsDroppedWhereThePeerIsKnown()
    {
        var agent = new IceAgent(IceRole.Lite, Local, new IceCredentials("peer", "x"), 1, Seeded.Random(1), At(0));
        agent.Receive(Checks.Request($"{Local.Ufrag}:stranger", Local.Password), First, At(10));
        Assert.Equal(1, agent.Statistics.Dropped(IceDropReason.UnknownUfrag));
        agent.Receive(Checks.Request($"{Local.Ufrag}:peer", Local.Password), First, At(20));
        Assert.Equal(First, agent.SelectedPath);
    }

    [Fact]
    public void Receive_UseCandidate_LatestWins()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        agent.Receive(Checks.Request(Local, usesCandidate: true), Second, At(11));
        Assert.Equal(Second, agent.SelectedPath);
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(12));
        Assert.Equal(First, agent.SelectedPath);
        Assert.Equal(2, agent.Statistics.PathChanges);
    }

    [Fact]
    public void Receive_RepeatedUseCandidateOfAnOldPath_IsAnsweredButMovesNothing()
    {
        IceAgent agent = Lite();
        var id = new TransactionId(1, 2);
        agent.Receive(Checks.Request(Local, usesCandidate: true, id), First, At(10));
        agent.Receive(Checks.Request(Local, usesCandidate: true), Second, At(20));
        agent.Receive(Checks.Request(Local, usesCandidate: true, id), First, At(30));
        Assert.Equal(Second, agent.SelectedPath);
        Assert.Equal(3, Transmit(agent).Count);
    }

    [Fact]
    public void Receive_NewPathWithoutUseCandidate_MovesOnceTheOldOneWasSilentForASecond()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(0));
        agent.Receive(Checks.Request(Local), Second, At(999));
        Assert.Equal(First, agent.SelectedPath);

        agent = Lite();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(0));
        agent.Receive(Checks.Request(Local), Second, At(1000));
        Assert.Equal(Second, agent.SelectedPath);
    }

    [Fact]
    public void Receive_ChecksThatKeepASpareAlive_DoNotMoveAQuietCall()
    {
        IceAgent agent = Lite();
        for (int t = 0; t < 60_000; t += 2650)
        {
            agent.Receive(Checks.Request(Local, usesCandidate: t == 0), First, At(t));
            agent.Receive(Checks.Request(Local), Second, At(t + 100));
            Assert.Equal(First, agent.SelectedPath);
        }
    }

    [Fact]
    public void Receive_KnownPathWithoutUseCandidate_MovesAfterSixSeconds()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local), First, At(0));
        agent.Receive(Checks.Request(Local), Second, At(50));
        agent.Receive(Checks.Request(Local), Second, At(5_000));
        Assert.Equal(First, agent.SelectedPath);
        agent.Receive(Checks.Request(Local), Second, At(6_000));
        Assert.Equal(Second, agent.SelectedPath);
    }

    [Fact]
    public void NoteAuthenticatedPacket_FromANewPath_MovesAtOnceAndCountsAsLife()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(0));
        agent.NoteAuthenticatedPacket(Second, At(100));
        Assert.Equal(Second, agent.SelectedPath);
        Assert.True(agent.IsValidated(Second));
        agent.NoteAuthenticatedPacket(Second, At(2000));
        agent.Receive(Checks.Request(Local), Path(0, "192.0.2.9:1"), At(2500));
        Assert.Equal(Second, agent.SelectedPath);
    }

    [Fact]
    public void NoteAuthenticatedPacket_BeforeAnyCheck_OpensNoPath()
    {
        IceAgent agent = Lite();
        agent.NoteAuthenticatedPacket(First, At(100));
        Assert.Null(agent.SelectedPath);
        Assert.False(agent.IsValidated(First));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void HandleTimeout_PacketsAndNoChecks_KeepsTheSession(bool mayMove)
    {
        // GStreamer's libnice and pion's ICE before 4.0.8 send no checks while media flows.
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local), First, At(0));
        for (int seconds = 20; seconds <= 100; seconds += 20)
        {
            if (mayMove) agent.NoteAuthenticatedPacket(First, At(seconds * 1000));
            else agent.NoteSignOfLife(First, At(seconds * 1000));
            agent.HandleTimeout(At(seconds * 1000));
        }
        Assert.Equal(First, agent.SelectedPath);
        Assert.Equal(At(130_000), agent.NextTimeout);
    }

    [Fact]
    public void HandleTimeout_ThirtySecondsWithoutAnything_LosesConsent()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local), First, At(0));
        Assert.True(agent.TryTakeEvent(out _));
        agent.Receive(Checks.Request(Local), First, At(5_000));
        // Another path says nothing about the selected one.
        agent.NoteSignOfLife(Second, At(34_000));
        Assert.Equal(At(35_000), agent.NextTimeout);
        agent.HandleTimeout(At(34_999));
        Assert.False(agent.TryTakeEvent(out _));
        agent.HandleTimeout(At(35_000));
        Assert.True(agent.TryTakeEvent(out IceEvent occurred));
        Assert.Equal((IceEventKind.ConsentLost, First), (occurred.Kind, occurred.Path));
        Assert.Null(agent.SelectedPath);
        Assert.False(agent.IsValidated(First));
        Assert.Equal(Instant.Never, agent.NextTimeout);
        agent.Receive(Checks.Request(Local), First, At(36_000));
        Assert.Equal(1, agent.Statistics.Dropped(IceDropReason.Ended));
        Assert.False(agent.TryTransmit(_buffer, out _, out _));
    }

    [Fact]
    public void Receive_ChecksWithAWrongPassword_DoNotRenewConsent()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local), First, At(0));
        agent.Receive(Checks.Request($"{Local.Ufrag}:peer", "wrong"), First, At(29_000));
        agent.HandleTimeout(At(30_000));
        Assert.True(agent.HasEnded);
    }

    [Fact]
    public void HandleTimeout_NoCheckWithinTheConnectTimeout_Fails()
    {
        IceAgent agent = Lite();
        Assert.Equal(At(15_000), agent.NextTimeout);
        agent.HandleTimeout(At(15_000));
        Assert.True(agent.TryTakeEvent(out IceEvent occurred));
        Assert.Equal(IceEventKind.Failed, occurred.Kind);
    }

    [Fact]
    public void HandleTimeout_SpareIngress_IsKeptAliveEveryFifteenSeconds()
    {
        IceAgent agent = Lite();
        TransportPath spare = Path(1, "192.0.2.1:5000");
        TransportPath stale = Path(1, "192.0.2.1:4999");
        agent.Receive(Checks.Request(Local), stale, At(0));
        agent.Receive(Checks.Request(Local), spare, At(10));
        agent.Receive(Checks.Request(Local), Second, At(15));
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(20));
        Transmit(agent);
        var sent = new List<(long Ms, TransportPath To)>();
        for (int t = 2_500; t <= 47_500; t += 2_500)
        {
            agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(t));
            Transmit(agent);
            while (agent.NextTimeout <= At(t + 2_499))
            {
                Instant now = agent.NextTimeout;
                agent.HandleTimeout(now);
                foreach ((TransportPath to, byte[]? bytes) in Transmit(agent))
                {
                    Assert.True(StunMessage.TryParse(bytes, out StunMessage message, out _));
                    Assert.Equal(StunClass.Indication, message.Class);
                    Assert.True(message.HasValidFingerprint());
                    Assert.Equal(28, bytes.Length);
                    sent.Add(((long)now.TotalMilliseconds, to));
                }
            }
        }
        // Only the newest path of the other ingress; neither the stale one nor another path of the selected ingress.
        Assert.Equal([(15_010L, spare), (30_010L, spare), (45_010L, spare)], sent);
    }

    [Fact]
    public void Receive_PeerThatWantsToBeControlled_GetsARoleConflict()
    {
        IceAgent agent = Lite();
        agent.Receive(
            Checks.Request($"{Local.Ufrag}:peer", Local.Password, role: StunAttributeType.IceControlled, tieBreaker: ulong.MaxValue), First,
            At(0));
        (TransportPath _, byte[]? bytes) = Assert.Single(Transmit(agent));
        Assert.True(StunMessage.TryParse(bytes, out StunMessage answer, out _));
        Assert.Equal(StunClass.ErrorResponse, answer.Class);
        Assert.True(answer.TryGetErrorCode(out int code));
        Assert.Equal(487, code);
        Assert.Equal(IceRole.Lite, agent.Role);
        Assert.Null(agent.SelectedPath);
    }

    [Fact]
    public void Receive_UnknownRequiredAttribute_Gets420NamingIt()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request($"{Local.Ufrag}:peer", Local.Password, extra: (StunAttributeType)0x7ABC), First, At(0));
        (TransportPath _, byte[]? bytes) = Assert.Single(Transmit(agent));
        Assert.True(StunMessage.TryParse(bytes, out StunMessage answer, out _));
        Assert.True(answer.TryGetErrorCode(out int code));
        Assert.Equal(420, code);
        Assert.True(answer.TryGet(StunAttributeType.UnknownAttributes, out ReadOnlySpan<byte> types));
        Assert.Equal("7ABC", Convert.ToHexString(types));
    }

    [Fact]
    public void Receive_ManyPaths_ForgetsTheOldestIdleAndKeepsTheSelected()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(0));
        for (int i = 0; i < 50; i++) agent.Receive(Checks.Request(Local), Path(0, $"203.0.113.{i}:9"), At(1 + i));
        Assert.Equal(First, agent.SelectedPath);
        Assert.Equal(IceAgent.MaximumPaths, agent.ExportState().Paths.Count);
        Assert.Equal(50 - (IceAgent.MaximumPaths - 1), agent.Statistics.PathsEvicted);
        Assert.True(agent.IsValidated(Path(0, "203.0.113.49:9")));
        Assert.False(agent.IsValidated(Path(0, "203.0.113.1:9")));
    }

    [Fact]
    public void Receive_NobodyDrains_OutputStaysBounded()
    {
        IceAgent agent = Lite();
        for (int i = 0; i < 100; i++) agent.Receive(Checks.Request(Local), First, At(i));
        Assert.Equal(100 - IceAgent.MaximumPendingResponses, agent.Statistics.Dropped(IceDropReason.OutputQueueFull));
        Assert.Equal(IceAgent.MaximumPendingResponses, Transmit(agent).Count);
    }

    [Fact]
    public void Restart_OldCredentials_CountUntilTheNewOnesAreUsed()
    {
        IceAgent agent = Lite();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(0));
        var renewed = new IceCredentials("hint234567again", "renewed-password-of-32-character");
        agent.Restart(renewed, null);
        agent.Receive(Checks.Request(Local), First, At(100));
        Assert.Equal(2, agent.Statistics.ChecksReceived);
        agent = IceAgent.Import(agent.ExportState(), Seeded.Random(9), At(150));
        agent.Receive(Checks.Request(Local), First, At(180));
        agent.Receive(Checks.Request(renewed), First, At(200));
        List<(TransportPath To, byte[] Bytes)> answers = Transmit(agent);
        Assert.True(StunMessage.TryParse(answers[^1].Bytes, out StunMessage answer, out _));
        Assert.True(answer.VerifyMessageIntegrity(Encoding.ASCII.GetBytes(renewed.Password)));
        agent.Receive(Checks.Request(Local), First, At(300));
        Assert.Equal(1, agent.Statistics.Dropped(IceDropReason.UnknownUfrag));
        Assert.Equal(First, agent.SelectedPath);
    }

    [Fact]
    public void ToString_OfCredentialsAndState_HidesThePassword()
    {
        IceAgent agent = Lite();
        Assert.DoesNotContain(Local.Password, Local.ToString());
        Assert.DoesNotContain(Local.Password, agent.ExportState().ToString());
    }

    [Fact]
    public void ReceiveAndAnswer_PerCheckAndPerPacket_AllocatesNothing()
    {
        IceAgent agent = Lite();
        byte[][] checks = Enumerable.Range(0, 700).Select(_ => Checks.Request(Local, usesCandidate: true)).ToArray();
        for (int i = 0; i < 100; i++) Step(agent, checks[i], i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 100; i < 700; i++) Step(agent, checks[i], i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(700, agent.Statistics.ResponsesSent);

        void Step(IceAgent a, byte[] check, int i)
        {
            a.Receive(check, First, At(i));
            a.NoteAuthenticatedPacket(First, At(i));
            a.HandleTimeout(At(i));
            _ = a.IsValidated(Second);
            _ = a.NextTimeout;
            while (a.TryTransmit(_buffer, out _, out _)) { }
            while (a.TryTakeEvent(out _)) { }
        }
    }

    private List<(TransportPath To, byte[] Bytes)> Transmit(IceAgent agent)
    {
        var sent = new List<(TransportPath, byte[])>();
        while (agent.TryTransmit(_buffer, out int length, out TransportPath to)) sent.Add((to, _buffer.AsSpan(0, length).ToArray()));
        return sent;
    }

    private static IceAgent Lite() => new(IceRole.Lite, Local, null, 1, Seeded.Random(1), At(0));

    private static Instant At(long milliseconds) => Instant.FromMilliseconds(milliseconds);

    private static TransportPath Path(int @base, string remote) => new(@base, SimulatedIceNetwork.Address(remote));

    private static byte[] Damage(byte[] message)
    {
        message[^1] ^= 1;
        return message;
    }

    private static byte[] OtherMethod()
    {
        byte[] buffer = new byte[100];
        var writer = new StunMessageWriter(buffer, StunClass.Request, (StunMethod)3, new byte[12]);
        writer.AddFingerprint();
        return buffer.AsSpan(0, writer.Length).ToArray();
    }

    private static byte[] UnaskedResponse()
    {
        byte[] buffer = new byte[100];
        var writer = new StunMessageWriter(buffer, StunClass.SuccessResponse, StunMethod.Binding, new byte[12]);
        writer.AddMessageIntegrity(Encoding.ASCII.GetBytes(Local.Password));
        writer.AddFingerprint();
        return buffer.AsSpan(0, writer.Length).ToArray();
    }
}
