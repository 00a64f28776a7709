using Dapr.Voice.Ice;
using Dapr.Voice.Stun;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ice;

public sealed class IceControllingTests
{
    private const int Client = SimulatedIceNetwork.Client;
    private const int Server = SimulatedIceNetwork.Server;

    [Fact]
    public void Run_OneCandidate_ConnectsInOneRoundTripAndNominatesInTwo()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1);
        network.Run(TimeSpan.FromMilliseconds(20));
        Assert.True(network.Saw(Client, IceEventKind.Connected));
        Assert.True(network.Saw(Server, IceEventKind.Connected));
        Assert.Equal(TimeSpan.FromMilliseconds(20), network.Agents[Client].RoundTripTime);
        network.Run(TimeSpan.FromMilliseconds(20));
        Assert.True(network.Agents[Client].ExportState().Paths[0].IsNominated);
        Assert.True(network.Agents[Server].ExportState().Paths[0].IsNominated);
    }

    [Fact]
    public void Run_NobodyAnswers_ChecksWithBackOffThenFails()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1);
        network.IsBlocked = (_, _) => true;
        Instant start = network.Now;
        var at = new List<double>();
        network.OnSent = (_, _, _) => at.Add((network.Now - start).TotalMilliseconds);
        network.Run(TimeSpan.FromSeconds(20));
        Assert.Equal([0, 50, 110, 170, 270, 470, 870, 1670, 2670], at.Take(9));
        Assert.Equal(21, at.Count);
        Assert.Equal(IceEventKind.Failed, Assert.Single(network.Events[Client]).Kind);
    }

    [Fact]
    public void Run_FirstChecksOfSeveralPairs_ArePacedBestFirst()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1, clientAddresses: 2, serverAddresses: 2);
        network.IsBlocked = (_, _) => true;
        Instant start = network.Now;
        var first = new List<(double Ms, TransportPath To)>();
        network.OnSent = (_, to, _) => first.Add(((network.Now - start).TotalMilliseconds, to));
        network.Run(TimeSpan.FromMilliseconds(49));
        Assert.Equal([0, 20, 40], first.Select(f => f.Ms));
        Assert.Equal(network.Addresses[Server][0], first[0].To.Remote);
        Assert.Equal(network.Addresses[Server][0], first[1].To.Remote);
        Assert.Equal(network.Addresses[Server][1], first[2].To.Remote);
    }

    [Fact]
    public void Run_FirstCandidateDead_TheSecondConnects()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1, serverAddresses: 2);
        network.IsBlocked = (_, path) => path.Remote == network.Addresses[Server][0];
        network.Run(TimeSpan.FromMilliseconds(45));
        Assert.Equal(network.Addresses[Server][1], network.Agents[Client].SelectedPath!.Value.Remote);
        Assert.Equal(1, network.Agents[Server].SelectedPath!.Value.Base);
    }

    [Fact]
    public void Run_Connected_ChecksForConsentEveryTwoAndAHalfSeconds()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1);
        network.Run(TimeSpan.FromSeconds(1));
        long before = network.Agents[Client].Statistics.ChecksSent;
        network.Run(TimeSpan.FromSeconds(60));
        Assert.InRange(network.Agents[Client].Statistics.ChecksSent - before, 23, 24);
        Assert.Single(network.Events[Client]);
        Assert.Single(network.Events[Server]);
    }

    [Fact]
    public void Run_PathDies_BothSidesLoseConsentAfterThirtySeconds()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1);
        network.Run(TimeSpan.FromSeconds(1));
        network.IsBlocked = (_, _) => true;
        network.Run(TimeSpan.FromSeconds(29));
        Assert.False(network.Saw(Client, IceEventKind.ConsentLost));
        network.Run(TimeSpan.FromSeconds(3));
        Assert.True(network.Saw(Client, IceEventKind.ConsentLost));
        Assert.True(network.Saw(Server, IceEventKind.ConsentLost));
        Assert.Null(network.Agents[Client].SelectedPath);
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(65_000)]
    public void Run_SelectedPathFallsSilent_MovesToTheOtherAndTheServerFollows(int callAgeMilliseconds)
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1, serverAddresses: 2);
        network.Run(TimeSpan.FromMilliseconds(callAgeMilliseconds));
        TransportAddress old = network.Agents[Client].SelectedPath!.Value.Remote;
        network.IsBlocked = (sender, path) => sender == Client ? path.Remote == old : network.Addresses[Server][path.Base] == old;
        network.Run(TimeSpan.FromSeconds(5.2));
        Assert.NotEqual(old, network.Agents[Client].SelectedPath!.Value.Remote);
        Assert.NotEqual(old, network.Addresses[Server][network.Agents[Server].SelectedPath!.Value.Base]);
        Assert.Equal(1, network.Agents[Client].Statistics.PathChanges);
        Assert.Equal(1, network.Agents[Server].Statistics.PathChanges);
    }

    [Fact]
    public void Run_MediaFlowsUntilThePathDies_MovesWithinThreeAndAHalfSeconds()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1, serverAddresses: 2);
        network.Run(TimeSpan.FromSeconds(1));
        TransportPath old = network.Agents[Client].SelectedPath!.Value;
        for (int i = 0; i < 500; i++)
        {
            network.Run(TimeSpan.FromMilliseconds(20));
            network.Agents[Client].NoteAuthenticatedPacket(old, network.Now);
        }
        Assert.Equal(old, network.Agents[Client].SelectedPath);
        network.IsBlocked = (sender, path) => sender == Client ? path == old : network.Addresses[Server][path.Base] == old.Remote;
        network.Run(TimeSpan.FromSeconds(2.4));
        Assert.Equal(old, network.Agents[Client].SelectedPath);
        network.Run(TimeSpan.FromSeconds(0.7));
        Assert.NotEqual(old, network.Agents[Client].SelectedPath);
    }

    [Fact]
    public void Run_SingleLostConsentCheck_DoesNotMoveTheCall()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1, serverAddresses: 2);
        network.Run(TimeSpan.FromSeconds(2));
        TransportPath selected = network.Agents[Client].SelectedPath!.Value;
        bool hasLost = false;
        network.IsBlocked = (sender, path) => !hasLost && sender == Client && path == selected && (hasLost = true);
        network.Run(TimeSpan.FromSeconds(10));
        Assert.True(hasLost);
        Assert.Equal(selected, network.Agents[Client].SelectedPath);
    }

    [Fact]
    public void Run_CallerMovesToAnotherAddress_TheLiteServerFollows()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1);
        network.Run(TimeSpan.FromSeconds(10));
        network.Addresses[Client][0] = SimulatedIceNetwork.Address("192.0.2.77:6000");
        network.Run(TimeSpan.FromSeconds(3));
        Assert.Equal(network.Addresses[Client][0], network.Agents[Server].SelectedPath!.Value.Remote);
        network.Run(TimeSpan.FromSeconds(60));
        Assert.False(network.Saw(Client, IceEventKind.ConsentLost));
    }

    [Theory]
    [InlineData(5, 9)]
    [InlineData(9, 5)]
    [InlineData(7, 7)]
    public void Run_TwoControllingAgents_SettleTheConflictAndConnect(ulong first, ulong second)
    {
        SimulatedIceNetwork network = TwoFullAgents(IceRole.Controlling, first, IceRole.Controlling, second);
        network.Run(TimeSpan.FromSeconds(3));
        AssertSettled(network);
    }

    [Fact]
    public void Run_TwoControlledAgents_SettleTheConflictAndConnect()
    {
        SimulatedIceNetwork network = TwoFullAgents(IceRole.Controlled, 5, IceRole.Controlled, 9);
        network.Run(TimeSpan.FromSeconds(3));
        AssertSettled(network);
    }

    [Fact]
    public void Run_ControlledCallerAgainstALiteServer_TakesControl()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1);
        network.Agents[Client] = new IceAgent(
            IceRole.Controlled, SimulatedIceNetwork.Credentials("caller"), SimulatedIceNetwork.Credentials("server"), ulong.MaxValue,
            Seeded.Random(1), network.Now);
        network.Agents[Client].AddRemoteCandidate(Candidate.Host(network.Addresses[Server][0]), 0);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(IceRole.Controlling, network.Agents[Client].Role);
        Assert.True(network.Agents[Server].ExportState().Paths[0].IsNominated);
    }

    [Fact]
    public void Receive_AnswersThatProveNothing_AreCountedAndChangeNothing()
    {
        IceCredentials local = SimulatedIceNetwork.Credentials("caller");
        IceCredentials remote = SimulatedIceNetwork.Credentials("server");
        var agent = new IceAgent(IceRole.Controlling, local, remote, 1, Seeded.Random(1), Instant.Zero);
        TransportAddress server = SimulatedIceNetwork.Address("198.51.100.1:3478");
        agent.AddRemoteCandidate(Candidate.Host(server), 0);
        agent.HandleTimeout(Instant.Zero);
        byte[] buffer = new byte[1500];
        Assert.True(agent.TryTransmit(buffer, out int length, out TransportPath to));
        byte[] id = buffer.AsSpan(8, 12).ToArray();
        var now = Instant.FromMilliseconds(30);

        agent.Receive(Answer(id, "wrong"), to, now);
        agent.Receive(Answer(id, null), to, now);
        agent.Receive(Answer(new byte[12], remote.Password), to, now);
        agent.Receive(Answer(id, remote.Password), new TransportPath(0, SimulatedIceNetwork.Address("198.51.100.2:3478")), now);
        Assert.Null(agent.SelectedPath);
        Assert.Equal(1, agent.Statistics.Dropped(IceDropReason.BadIntegrity));
        Assert.Equal(1, agent.Statistics.Dropped(IceDropReason.NoCredentials));
        Assert.Equal(2, agent.Statistics.Dropped(IceDropReason.UnexpectedResponse));

        agent.Receive(Answer(id, remote.Password), to, now);
        Assert.Equal(to, agent.SelectedPath);
        agent.Receive(Answer(id, remote.Password), to, now);
        Assert.Equal(3, agent.Statistics.Dropped(IceDropReason.UnexpectedResponse));
        Assert.True(length > 0);
    }

    [Fact]
    public void Receive_AuthenticatedRefusalOnTheOnlyPair_Fails()
    {
        IceCredentials remote = SimulatedIceNetwork.Credentials("server");
        var agent = new IceAgent(IceRole.Controlling, SimulatedIceNetwork.Credentials("caller"), remote, 1, Seeded.Random(1), Instant.Zero);
        agent.AddRemoteCandidate(Candidate.Host(SimulatedIceNetwork.Address("198.51.100.1:3478")), 0);
        agent.HandleTimeout(Instant.Zero);
        byte[] buffer = new byte[1500];
        Assert.True(agent.TryTransmit(buffer, out _, out TransportPath to));
        agent.Receive(Answer(buffer.AsSpan(8, 12).ToArray(), remote.Password, errorCode: 500), to, Instant.FromMilliseconds(5));
        Assert.True(agent.TryTakeEvent(out IceEvent occurred));
        Assert.Equal(IceEventKind.Failed, occurred.Kind);
    }

    /// <summary>RFC 7675, section 5.2: consent is taken back at once.</summary>
    [Theory]
    [InlineData(403, true)]
    [InlineData(500, false)]
    public void Receive_RefusalOfAConsentCheck_EndsTheCallOnlyIfItIsForbidden(int code, bool hasEnded)
    {
        IceCredentials remote = SimulatedIceNetwork.Credentials("server");
        var agent = new IceAgent(IceRole.Controlling, SimulatedIceNetwork.Credentials("caller"), remote, 1, Seeded.Random(1), Instant.Zero);
        agent.AddRemoteCandidate(Candidate.Host(SimulatedIceNetwork.Address("198.51.100.1:3478")), 0);
        byte[] buffer = new byte[1500];
        Instant now = Instant.Zero;
        int refusal = 0;
        void Exchange()
        {
            agent.HandleTimeout(now);
            while (agent.TryTransmit(buffer, out _, out TransportPath to))
                agent.Receive(Answer(buffer.AsSpan(8, 12).ToArray(), remote.Password, refusal), to, now);
        }
        Exchange();
        now = Instant.FromMilliseconds(500);
        Exchange();
        while (agent.TryTakeEvent(out _)) { }
        refusal = code;
        now = Instant.FromMilliseconds(5000);
        Exchange();
        Assert.Equal(hasEnded, agent.TryTakeEvent(out IceEvent occurred));
        Assert.Equal(hasEnded ? IceEventKind.ConsentLost : default, occurred.Kind);
        Assert.Equal(hasEnded, agent.HasEnded);
    }

    [Fact]
    public void AddRemoteCandidate_NotUsable_IsSkipped()
    {
        var agent = new IceAgent(IceRole.Controlling, SimulatedIceNetwork.Credentials("a"), SimulatedIceNetwork.Credentials("b"), 1,
            Seeded.Random(1), Instant.Zero);
        TransportAddress address = SimulatedIceNetwork.Address("198.51.100.1:3478");
        agent.AddRemoteCandidate(Candidate.Host(address, 0, CandidateTransport.TcpActive), 0);
        agent.AddRemoteCandidate(Candidate.Host(address) with { Component = 2 }, 0);
        Assert.Empty(agent.ExportState().Paths);
        for (int i = 0; i < 20; i++) agent.AddRemoteCandidate(Candidate.Host(address), i);
        Assert.Equal(IceAgent.MaximumPaths, agent.ExportState().Paths.Count);
    }

    [Fact]
    public void CheckAgain_OfThePathInUse_ChecksAtOnceUntilAnsweredAndNominates()
    {
        IceCredentials remote = SimulatedIceNetwork.Credentials("server");
        var agent = new IceAgent(IceRole.Controlling, SimulatedIceNetwork.Credentials("caller"), remote, 1, Seeded.Random(1), Instant.Zero);
        agent.AddRemoteCandidate(Candidate.Host(SimulatedIceNetwork.Address("198.51.100.1:3478"), 0, CandidateTransport.TcpPassive), 1);
        byte[] buffer = new byte[1500];
        Instant now = Instant.Zero;
        void Exchange()
        {
            agent.HandleTimeout(now);
            while (agent.TryTransmit(buffer, out _, out TransportPath to))
                agent.Receive(Answer(buffer.AsSpan(8, 12).ToArray(), remote.Password), to, now);
        }
        Exchange();
        Assert.Equal(1, agent.SelectedPath?.Base);
        now = Instant.FromMilliseconds(500);
        Exchange();
        long sent = agent.Statistics.ChecksSent;

        agent.CheckAgain(agent.SelectedPath!.Value, now);
        // The first two are lost with the connection that was not there yet.
        for (int i = 0; i < 2; i++)
        {
            Assert.True(agent.TryTransmit(buffer, out int length, out TransportPath to));
            Assert.True(StunMessage.TryParse(buffer.AsSpan(0, length), out StunMessage check, out _) && check.HasUseCandidate);
            Assert.Equal(agent.SelectedPath, to);
            now += TimeSpan.FromMilliseconds(60);
            agent.HandleTimeout(now);
        }
        Exchange();
        Assert.Equal(sent + 3, agent.Statistics.ChecksSent);
        Assert.True(agent.NextTimeout > now + TimeSpan.FromSeconds(2));
    }

    private static SimulatedIceNetwork TwoFullAgents(IceRole firstRole, ulong first, IceRole secondRole, ulong second)
    {
        var network = new SimulatedIceNetwork(1);
        network.Addresses[Client].Add(SimulatedIceNetwork.Address("192.0.2.1:5000"));
        network.Addresses[Server].Add(SimulatedIceNetwork.Address("192.0.2.2:5000"));
        IceCredentials a = SimulatedIceNetwork.Credentials("first");
        IceCredentials b = SimulatedIceNetwork.Credentials("second");
        network.Agents[Client] = new IceAgent(firstRole, a, b, first, Seeded.Random(1), network.Now);
        network.Agents[Server] = new IceAgent(secondRole, b, a, second, Seeded.Random(2), network.Now);
        network.Agents[Client].AddRemoteCandidate(Candidate.Host(network.Addresses[Server][0]), 0);
        network.Agents[Server].AddRemoteCandidate(Candidate.Host(network.Addresses[Client][0]), 0);
        return network;
    }

    private static void AssertSettled(SimulatedIceNetwork network)
    {
        Assert.Equal([IceRole.Controlling, IceRole.Controlled], network.Agents.Select(a => a.Role).Order());
        foreach (IceAgent agent in network.Agents)
        {
            Assert.NotNull(agent.SelectedPath);
            Assert.True(agent.ExportState().Paths[0].IsNominated);
        }
    }

    private static byte[] Answer(byte[] transactionId, string? password, int errorCode = 0)
    {
        byte[] buffer = new byte[200];
        var writer = new StunMessageWriter(
            buffer, errorCode == 0 ? StunClass.SuccessResponse : StunClass.ErrorResponse, StunMethod.Binding, transactionId);
        if (errorCode != 0) writer.AddErrorCode(errorCode, default);
        if (password is not null) writer.AddMessageIntegrity(System.Text.Encoding.UTF8.GetBytes(password));
        writer.AddFingerprint();
        return buffer.AsSpan(0, writer.Length).ToArray();
    }
}
