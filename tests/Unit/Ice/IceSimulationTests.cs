using System.Text.Json;
using Dapr.Voice.Ice;
using Dapr.Voice.TestKit;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ice;

public sealed class IceSimulationTests
{
    private const int Client = SimulatedIceNetwork.Client;
    private const int Server = SimulatedIceNetwork.Server;

    [Fact]
    public void Run_LossReorderingDuplication_ConnectsAndStaysConnected()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            SimulatedIceNetwork network = Impaired(seed);
            network.Run(TimeSpan.FromSeconds(5));
            Assert.True(network.Saw(Client, IceEventKind.Connected), $"seed {seed}");
            network.Run(TimeSpan.FromMinutes(3));
            AssertAlive(network, seed);
        }
    }

    [Fact]
    public void Import_MidConversation_BothSidesGoOn()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            SimulatedIceNetwork network = Impaired(seed);
            network.Run(TimeSpan.FromSeconds(5));
            var random = new Random(seed);
            for (int move = 0; move < 20; move++)
            {
                network.Run(TimeSpan.FromMilliseconds(random.Next(1, 4000)));
                IceAgentState before = network.Agents[move % 2].ExportState();
                network.MoveToAnotherProcess(move % 2);
                AssertEqual(before, network.Agents[move % 2].ExportState());
            }
            network.Run(TimeSpan.FromMinutes(1));
            AssertAlive(network, seed);
            Assert.Single(network.Events[Client], e => e.Kind == IceEventKind.Connected);
        }
    }

    [Fact]
    public void Import_AfterTheOwnerWasAwayForFiveSeconds_ContinuesWithoutAnEvent()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(3);
        network.Run(TimeSpan.FromSeconds(2));
        IceAgentState checkpoint = network.Agents[Server].ExportState();
        network.IsBlocked = (_, _) => true;
        network.Run(TimeSpan.FromSeconds(5));
        network.Agents[Server] = IceAgent.Import(checkpoint, Seeded.Random(9), network.Now);
        network.IsBlocked = (_, _) => false;
        network.Run(TimeSpan.FromSeconds(60));
        AssertAlive(network, 3);
        Assert.Single(network.Events[Server]);
        Assert.Single(network.Events[Client]);
    }

    [Fact]
    public void ExportState_AsJson_ReadsBack()
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(1, clientAddresses: 2, serverAddresses: 2);
        network.Run(TimeSpan.FromSeconds(2));
        foreach (IceAgent agent in network.Agents)
        {
            IceAgentState state = agent.ExportState();
            IceAgentState read = JsonSerializer.Deserialize<IceAgentState>(JsonSerializer.Serialize(state))!;
            AssertEqual(state, read);
        }
    }

    private static SimulatedIceNetwork Impaired(int seed)
    {
        var network = SimulatedIceNetwork.ClientAndLiteServer(seed, clientAddresses: 1 + (seed % 2), serverAddresses: 1 + (seed / 2 % 2));
        network.LossRate = 0.1;
        network.DuplicateRate = 0.1;
        network.DelayMilliseconds = 20;
        network.JitterMilliseconds = 80;
        return network;
    }

    private static void AssertAlive(SimulatedIceNetwork network, int seed)
    {
        foreach (IceAgent agent in network.Agents) Assert.False(agent.HasEnded, $"seed {seed}");
        TransportPath client = network.Agents[Client].SelectedPath!.Value;
        TransportPath server = network.Agents[Server].SelectedPath!.Value;

        // Each sends where the other listens, and the other takes it.
        Assert.True(
            network.Agents[Server].IsValidated(
            new(network.Addresses[Server].IndexOf(client.Remote), network.Addresses[Client][client.Base])), $"seed {seed}");
        Assert.True(
            network.Agents[Client].IsValidated(
            new(network.Addresses[Client].IndexOf(server.Remote), network.Addresses[Server][server.Base])), $"seed {seed}");
    }

    private static void AssertEqual(IceAgentState expected, IceAgentState actual)
    {
        Assert.Equal(expected.Paths, actual.Paths);
        Assert.Equal(expected.SeenTransactions, actual.SeenTransactions);
        Assert.Equal(expected with { Paths = [], SeenTransactions = [] }, actual with { Paths = [], SeenTransactions = [] });
    }
}
