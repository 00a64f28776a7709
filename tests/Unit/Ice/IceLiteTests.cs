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
    private static readonly IceCredentials Caller = new("peer", "caller-password-of-32-characters");
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
    public void Receive_UseCandidate_LatestWinsOnceItsPathAnswersOurChallenge()
    {
        IceAgent agent = Challenging();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        Answer(agent, At(11));
        agent.Receive(Checks.Request(Local, usesCandidate: true), Second, At(100));
        Assert.Equal(First, agent.SelectedPath);
        Answer(agent, At(101));
        Assert.Equal(Second, agent.SelectedPath);
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(200));
        Assert.Equal(Second, agent.SelectedPath);
        Answer(agent, At(201));
        Assert.Equal(First, agent.SelectedPath);
        Assert.Equal(2, agent.Statistics.PathChanges);
    }

    [Fact]
    public void Receive_UseCandidateTwice_OnlyTheLaterOneMoves()
    {
        IceAgent agent = Challenging();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        Answer(agent, At(11));
        agent.Receive(Checks.Request(Local, usesCandidate: true), Second, At(100));
        List<byte[]> late = AnswersOf(agent, Second);
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(101));
        foreach (byte[] answer in late) agent.Receive(answer, Second, At(120));
        Assert.Equal(First, agent.SelectedPath);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Receive_UseCandidateWithoutAnAnswer_MovesNothing(bool knowsCaller)
    {
        IceAgent agent = knowsCaller ? Challenging() : Lite();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        agent.NoteSignOfLife(First, At(20));
        for (int t = 100; t < 5_000; t += 100) agent.Receive(Checks.Request(Local, usesCandidate: true), Second, At(t));
        Assert.Equal(First, agent.SelectedPath);
        // A fresh packet from there is proof, too.
        agent.NoteSignOfLife(Second, At(5_000));
        Assert.Equal(Second, agent.SelectedPath);
    }

    [Fact]
    public void Receive_AnswerOfSomebodyElse_ProvesNothing()
    {
        IceAgent agent = Challenging();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        Answer(agent, At(11));
        agent.Receive(Checks.Request(Local, usesCandidate: true), Second, At(100));
        List<byte[]> answers = AnswersOf(agent, Second);
        agent.Receive(Assert.Single(answers), Path(0, "203.0.113.7:7"), At(110));
        agent.Receive(Checks.Answer(new TransactionId(7, 7), Caller.Password), Second, At(110));
        byte[] forged = [.. answers[0]];
        forged[^20] ^= 1;
        agent.Receive(forged, Second, At(110));
        Assert.Equal(First, agent.SelectedPath);
        agent.Receive(answers[0], Second, At(111));
        Assert.Equal(Second, agent.SelectedPath);
    }

    [Fact]
    public void Receive_ThousandReplayedChecksFromAnywhere_MoveNothingAndKeepNothingAlive()
    {
        IceAgent agent = Challenging();
        var recorded = new List<byte[]>();
        for (int i = 0; i < 1000; i++)
        {
            byte[] check = Checks.Request(Local, usesCandidate: true);
            recorded.Add(check);
            agent.Receive(check, First, At(i * 50));
            Answer(agent, At((i * 50) + 1));
        }
        const int End = 999 * 50;
        for (int i = 0; i < recorded.Count; i++)
        {
            TransportPath observer = Path(0, $"203.0.113.{i % 200}:{6000 + i}");
            agent.Receive(recorded[i], observer, At(End + i));
            int bytes = 0;
            foreach ((TransportPath to, byte[] sent) in Transmit(agent))
            {
                Assert.Equal(observer, to);
                bytes += sent.Length;
            }
            Assert.InRange(bytes, 1, recorded[i].Length);
            Assert.Equal(First, agent.SelectedPath);
        }
        agent.HandleTimeout(At(End + 30_000));
        Assert.True(agent.HasEnded);
    }

    [Fact]
    public void TryTransmit_UnprovenPath_GetsAtMostThreeTimesWhatCameFromIt()
    {
        IceAgent agent = Challenging();
        int received = 0, sent = 0;
        for (int t = 0; t < 10_000; t += 50)
        {
            byte[] check = Checks.Request(Local, usesCandidate: true);
            received += check.Length;
            agent.Receive(check, First, At(t));
            foreach ((_, byte[] bytes) in Transmit(agent)) sent += bytes.Length;
            while (agent.TryCountSent(First, 200)) sent += 200;
            Assert.InRange(sent, 0, 3 * received);
        }
        Assert.InRange(sent, 2 * received, 3 * received);
        Answer(agent, At(10_000), new TransactionId());
        Assert.False(agent.TryCountSent(First, 100_000));
        agent.Receive(Checks.Request(Local), First, At(10_050));
        Answer(agent, At(10_051));
        Assert.True(agent.TryCountSent(First, 100_000));
    }

    [Fact]
    public void Receive_FirstCheck_IsChallengedBeforeItIsAnswered()
    {
        IceAgent agent = Challenging();
        agent.Receive(Checks.Request(Local), First, At(0));
        List<(TransportPath To, byte[] Bytes)> sent = Transmit(agent);
        Assert.True(StunMessage.TryParse(sent[0].Bytes, out StunMessage challenge, out _));
        Assert.Equal((StunClass.Request, 2), (challenge.Class, sent.Count));
        Assert.Equal($"{Caller.Ufrag}:{Local.Ufrag}", Encoding.ASCII.GetString(challenge.Username));
        Assert.True(challenge.VerifyMessageIntegrity(Encoding.ASCII.GetBytes(Caller.Password)));
        Assert.True(challenge.TryGetTieBreaker(StunAttributeType.IceControlled, out _));
        Assert.False(challenge.HasUseCandidate);
        agent.Receive(Checks.AnswerTo(sent[0].Bytes, Caller.Password), First, At(30));
        Assert.Equal(30, agent.RoundTripTime!.Value.TotalMilliseconds);
    }

    [Fact]
    public void Receive_NewPathWithoutUseCandidate_MovesOnceTheOldOneWasSilentForASecond()
    {
        foreach ((int silence, TransportPath selected) in ((int, TransportPath)[])[(999, First), (1000, Second)])
        {
            IceAgent agent = Challenging();
            agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(-1));
            Answer(agent, At(0));
            agent.Receive(Checks.Request(Local), Second, At(silence));
            Answer(agent, At(silence));
            Assert.Equal(selected, agent.SelectedPath);
        }
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
        IceAgent agent = Challenging();
        agent.Receive(Checks.Request(Local), First, At(-1));
        Answer(agent, At(0));
        foreach (int t in (int[])[50, 5_000, 6_000])
        {
            Assert.Equal(First, agent.SelectedPath);
            agent.Receive(Checks.Request(Local), Second, At(t));
            Answer(agent, At(t));
        }
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
        IceAgent agent = Challenging();
        TransportPath spare = Path(1, "192.0.2.1:5000");
        TransportPath stale = Path(1, "192.0.2.1:4999");
        foreach ((TransportPath path, int t) in ((TransportPath, int)[])[(stale, 0), (spare, 10), (Second, 15), (First, 20)])
        {
            agent.Receive(Checks.Request(Local, usesCandidate: path == First), path, At(t));
            Answer(agent, At(t));
        }
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

    /// <summary>Answers and challenges, which Chromium takes as answers to its need for another check.</summary>
    [Theory]
    [InlineData(1, 48)]
    [InlineData(null, 160)]
    [InlineData(0, 160)]
    public void Receive_FirstCheckOfAPeerWithASpare_IsAnsweredAfterACheckOfTheSpareOrTheWait(int? next, int answeredAt)
    {
        IceAgent agent = Challenging();
        agent.HasSpare = static path => path.Base < 2;
        agent.Receive(Checks.Request(Local), First, At(10));
        Assert.Empty(Transmit(agent));
        Assert.Equal(At(160), agent.NextTimeout);
        if (next is { } @base) agent.Receive(Checks.Request(Local), Path(@base, "192.0.2.1:5000"), At(48));
        else agent.HandleTimeout(At(159));
        Assert.Equal(answeredAt == 48, Transmit(agent).Count > 0);
        agent.HandleTimeout(At(160));
        Assert.Equal(answeredAt == 160, Transmit(agent).Count > 0);

        agent.Receive(Checks.Request(Local), Path(0, "192.0.2.1:6000"), At(5_000));
        Assert.NotEmpty(Transmit(agent));
    }

    [Fact]
    public void Receive_FirstCheckAfterARestart_WaitsForTheSpareAgain()
    {
        IceAgent agent = Challenging();
        agent.HasSpare = static _ => true;
        agent.Receive(Checks.Request(Local), First, At(10));
        agent.HandleTimeout(At(160));
        Assert.NotEmpty(Transmit(agent));
        var restarted = new IceCredentials("hint765432hint765432", "another-password-of-32-character");
        agent.Restart(restarted, Caller);
        agent.Receive(Checks.Request(Local), First, At(200));
        Assert.NotEmpty(Transmit(agent));
        agent.Receive(Checks.Request(restarted), First, At(210));
        Assert.Empty(Transmit(agent));
        agent.Receive(Checks.Request(restarted), Path(1, "192.0.2.1:5000"), At(220));
        Assert.NotEmpty(Transmit(agent));
    }

    [Fact]
    public void Receive_FirstCheckWithoutASpareInItsWay_IsAnsweredAtOnce()
    {
        IceAgent agent = Challenging();
        agent.HasSpare = static path => path.Base < 2;
        agent.Receive(Checks.Request(Local), Path(2, "192.0.2.1:5000"), At(10));
        Assert.NotEmpty(Transmit(agent));
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
    public void Restart_CredentialsOfBefore_CountUntilTheNextRestart()
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
        Assert.Equal(0, agent.Statistics.Dropped(IceDropReason.UnknownUfrag));
        agent.Restart(new IceCredentials("hint234567third", "third-password-of-32-characters-"), null);
        agent.Receive(Checks.Request(renewed), First, At(400));
        Assert.Equal(0, agent.Statistics.Dropped(IceDropReason.UnknownUfrag));
        agent.Receive(Checks.Request(Local), First, At(500));
        Assert.Equal(1, agent.Statistics.Dropped(IceDropReason.UnknownUfrag));
        Assert.Equal(First, agent.SelectedPath);
    }

    [Fact]
    public void Import_ACheckThatTheExporterCounted_CountsNoSecondTime()
    {
        IceAgent agent = Lite();
        byte[] check = Checks.Request(Local, usesCandidate: true);
        agent.Receive(check, First, At(0));
        agent = IceAgent.Import(agent.ExportState(), Seeded.Random(9), At(10));
        agent.Receive(check, Second, At(3000));
        Assert.False(agent.IsValidated(Second));
    }

    [Fact]
    public void AuthenticatedPacket_AfterATakeover_MovesThePathOnlyAfterTheAnswerToAChallenge()
    {
        IceAgent agent = Challenging();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(0));
        agent.NoteAuthenticatedPacket(First, At(5));
        Transmit(agent);
        agent = IceAgent.Import(agent.ExportState() with { NeedsChallengeToMove = true }, Seeded.Random(9), At(10));
        for (int i = 0; i < 10; i++)
        {
            agent.NoteAuthenticatedPacket(Second, At(100 + i));
            agent.CountReceived(Second, 80);
            agent.NoteSignOfLife(Second, At(100 + i));
        }
        Assert.Equal(First, agent.SelectedPath);
        (TransportPath to, byte[] challenge) = Assert.Single(Transmit(agent));
        Assert.Equal(Second, to);
        Assert.False(agent.TryCountSent(Second, 3 * 800));
        agent.Receive(Checks.AnswerTo(challenge, Caller.Password), Second, At(150));
        Assert.Equal(Second, agent.SelectedPath);
        Assert.True(agent.TryCountSent(Second, 3 * 800));
    }

    [Fact]
    public void FirstCheck_AfterATakeoverWithoutAPath_SelectsOnlyAfterTheAnswerToAChallenge()
    {
        IceAgent agent = Challenging();
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(0));
        IceAgentState state = agent.ExportState() with { NeedsChallengeToMove = true, SelectedPath = null, Paths = [] };
        agent = IceAgent.Import(state, Seeded.Random(9), At(10));
        agent.Receive(Checks.Request(Local), Second, At(20));
        Assert.Null(agent.SelectedPath);
        byte[] challenge = Transmit(agent).First(sent => sent.Bytes[0] == 0).Bytes;
        agent.Receive(Checks.AnswerTo(challenge, Caller.Password), Second, At(60));
        Assert.Equal(Second, agent.SelectedPath);
        Assert.True(agent.TryTakeEvent(out IceEvent occurred));
        Assert.Equal(Second, occurred.Path);
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
        byte[][] checks = Enumerable.Range(0, 1000).Select(_ => Checks.Request(Local, usesCandidate: true)).ToArray();
        // The list of seen checks doubles at 512, and then has room for 1,024.
        for (int i = 0; i < 600; i++) Step(agent, checks[i], i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 600; i < 1000; i++) Step(agent, checks[i], i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1000, agent.Statistics.ResponsesSent);

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

    /// <summary>Lets the caller answer every challenge that waits, from the path that it was sent to.</summary>
    private void Answer(IceAgent agent, Instant now, TransactionId? id = null)
    {
        foreach ((TransportPath to, byte[] bytes) in Transmit(agent))
        {
            if (!IsRequest(bytes)) continue;
            agent.Receive(id is { } other ? Checks.Answer(other, Caller.Password) : Checks.AnswerTo(bytes, Caller.Password), to, now);
        }
    }

    private List<byte[]> AnswersOf(IceAgent agent, TransportPath path)
        => [.. Transmit(agent).Where(s => s.To == path && IsRequest(s.Bytes)).Select(s => Checks.AnswerTo(s.Bytes, Caller.Password))];

    private static bool IsRequest(byte[] bytes)
        => StunMessage.TryParse(bytes, out StunMessage sent, out _) && sent.Class == StunClass.Request;

    private static readonly TransportPath Spare = Path(16, "192.0.2.1:5000");

    /// <summary>An agent with a selected path by base 0 and a proven spare path by base 16, heard last at 90 s.</summary>
    private IceAgent WithSpare(Func<int, bool> isLost)
    {
        IceAgent agent = Challenging();
        agent.IsBaseLost = isLost;
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        Answer(agent, At(11));
        agent.Receive(Checks.Request(Local), Spare, At(20));
        Answer(agent, At(21));
        Assert.Equal(First, agent.SelectedPath);
        agent.NoteSignOfLife(First, At(90_000));
        return agent;
    }

    [Fact]
    public void LeaveLostBase_SpareProven_SendsThereAtOnceAndWhatComesByTheOldOneMovesNothingBack()
    {
        bool isLost = false;
        IceAgent agent = WithSpare(@base => isLost && @base == 0);
        agent.LeaveLostBase(At(90_005));
        Assert.Equal(First, agent.SelectedPath);
        isLost = true;
        agent.LeaveLostBase(At(90_010));
        Assert.Equal(Spare, agent.SelectedPath);
        // The caller is not silent because its spare path was.
        Assert.Equal(At(90_000), agent.LastHeard);
        // A relay that drains still passes on what the client sends, and the client still checks that pair.
        agent.NoteAuthenticatedPacket(First, At(90_020));
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(90_100));
        Assert.Equal(Spare, agent.SelectedPath);
        Assert.False(agent.TryTransmit(_buffer, out _, out _));
        Assert.Equal(1, agent.Statistics.Dropped(IceDropReason.IngressLost));
        agent.HandleTimeout(At(106_000));
        Assert.False(agent.TryTransmit(_buffer, out _, out _));
        // Then it moves.
        agent.Receive(Checks.Request(Local, usesCandidate: true), Spare, At(106_100));
        Answer(agent, At(106_101));
        Assert.Equal(Spare, agent.SelectedPath);
        // The ingress comes back and is a spare again.
        isLost = false;
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(110_000));
        Answer(agent, At(110_001));
        Assert.Equal(First, agent.SelectedPath);
    }

    [Fact]
    public void LeaveLostBase_NoOtherPath_GoesOnByTheLostOne()
    {
        IceAgent agent = Challenging();
        agent.IsBaseLost = _ => true;
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        Answer(agent, At(11));
        agent.LeaveLostBase(At(20));
        Assert.Equal(First, agent.SelectedPath);
        agent.Receive(Checks.Request(Local), First, At(30));
        Assert.True(agent.TryTransmit(_buffer, out _, out TransportPath to));
        Assert.Equal(First, to);
    }

    [Fact]
    public void LeaveLostBase_SpareThatIsNotProven_IsNotUsed()
    {
        IceAgent agent = Lite();
        agent.IsBaseLost = @base => @base == 0;
        agent.Receive(Checks.Request(Local, usesCandidate: true), First, At(10));
        agent.NoteSignOfLife(First, At(11));
        agent.Receive(Checks.Request(Local), Spare, At(20));
        agent.LeaveLostBase(At(30));
        Assert.Equal(First, agent.SelectedPath);
    }

    private static IceAgent Challenging() => new(IceRole.Lite, Local, Caller, 1, Seeded.Random(1), At(-100));

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
