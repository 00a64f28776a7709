using Dapr.Voice.Infra.Pricing;

namespace Dapr.Voice.Infra.Capacity;

/// <summary>
/// Computes fleets from unit costs. docs/capacity.md is made of it. A fleet consists of cells. A cell is one <c>Fleet__Region</c> with its
/// own shards, relays, signaling, storage account and broker. A cell is as large as its nearest limit allows, and more load needs more
/// cells.
/// </summary>
public sealed class CapacityModel(UnitCosts units, CapacityAssumptions assumptions)
{
    /// <summary>The published target of a storage account, in requests per second.</summary>
    public const double TableOperationsPerSecondAndAccount = 20_000;

    /// <summary>The credits per second of a Service Bus Standard namespace. An operation costs one.</summary>
    public const double BrokerOperationsPerSecondAndNamespace = 1_000;

    /// <summary>The default quota of an environment, in cores. It can be raised to 5,000 on request.</summary>
    public const double CoresPerEnvironment = 100, MaximumCoresPerEnvironment = 5_000;

    /// <summary>The largest number of ingress proxies of an environment in the default mode. Each has one core.</summary>
    public const double IngressProxies = 10;

    /// <summary>
    /// The transceiver workers that one relay worker has links to (LinkSet.MaximumEndpoints), and the links of one transceiver worker
    /// (LinkAcceptor.MaximumLinks).
    /// </summary>
    public const int EndpointsPerRelayWorker = 256, LinksPerTransceiverWorker = 64;

    /// <summary><c>Transceiver__Shard</c> is 0 to 99. <c>Fleet__RegionNumber</c> has 8 bits in the hint.</summary>
    public const int ShardsPerRegion = 100, RegionsPerFleet = 256;

    private const double BytesPerGigabyte = 1e9;

    /// <summary>Two replicas, so that one can be updated or lost.</summary>
    private const int FewestReplicas = 2;

    public UnitCosts Units => units;
    public CapacityAssumptions Assumptions => assumptions;

    public double TransceiverCore => assumptions.WithBackend ? units.TransceiverCoreBackend : units.TransceiverCoreEcho;

    public int SessionsPerShard => (int)(assumptions.ShardCores * assumptions.Utilisation / TransceiverCore);

    public CapacityPlan Plan(double sessions, Edge edge)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sessions, 1);
        int shards = Math.Max(FewestReplicas, Ceiling(sessions / SessionsPerShard));
        int cells = Ceiling(shards / (double)assumptions.ShardsPerCell);
        shards = Math.Max(shards, cells * FewestReplicas);
        double perCell = sessions / cells, callsPerSecond = sessions / (assumptions.MeanCallMinutes * 60);
        double shardsPerCell = shards / (double)cells;
        int relays = Math.Max(FewestReplicas, Ceiling(perCell * RelayCore(edge) / (assumptions.RelayCores * assumptions.Utilisation)));
        // A replica of signaling has one core.
        int signaling = Math.Max(FewestReplicas, Ceiling(callsPerSecond / cells * units.SignalingSecondsPerCall / assumptions.Utilisation));
        double registry = RegistryOperations(shardsPerCell, relays, signaling, assumptions.MaximumShards, assumptions.SlotCount,
            assumptions.RenewSeconds, assumptions.FullLookSeconds);
        double perSession = callsPerSecond / cells * units.TableOperationsPerCall;
        double broker = callsPerSecond / cells * units.BrokerOperationsPerCall;
        double egressBytes = sessions * EgressBytesPerSecond(edge), ingressBytes = sessions * IngressBytesPerSecond(edge);
        double egressMonth = egressBytes * PriceTable.SecondsPerMonth / BytesPerGigabyte;
        double betweenMonth = callsPerSecond * units.BuddyBytesPerCall * PriceTable.SecondsPerMonth / BytesPerGigabyte;
        double cores = shards * assumptions.ShardCores + cells * (relays * assumptions.RelayCores + signaling);
        IReadOnlyList<CapacityLimit> limits = Limits(edge);
        return new CapacityPlan
        {
            Sessions = sessions,
            Edge = edge,
            SessionsPerShard = SessionsPerShard,
            Cells = cells,
            Shards = shards,
            RelaysPerCell = relays,
            SignalingPerCell = signaling,
            CallsPerSecond = callsPerSecond,
            Cores = cores,
            RegistryOperationsPerSecondAndCell = registry,
            SessionOperationsPerSecondAndCell = perSession,
            BrokerOperationsPerSecondAndCell = broker,
            EgressBitsPerSecond = egressBytes * 8,
            EgressGigabytesPerMonth = egressMonth,
            BetweenRegionsGigabytesPerMonth = betweenMonth,
            Costs = Costs(edge, shards, cells, relays, signaling, (registry + perSession) * cells, broker, egressMonth,
                (egressBytes + ingressBytes) * PriceTable.SecondsPerMonth / BytesPerGigabyte, betweenMonth),
            Limits = limits,
            Broken = [.. limits.Where(l => (l.IsOfFleet ? sessions : perCell) > l.Sessions)],
        };
    }

    /// <summary>
    /// Table operations per second of one cell for the registry: which transceivers are alive and who owns which slot. A shard reads every
    /// registry key and updates its own (the component makes a failed insert and an update of it), and it reads all slots every <paramref
    /// name="fullLookSeconds"/>. A relay reads every registry key. A replica of signaling reads every registry key and all slots. The
    /// component reads keys one by one, because Table Storage has no bulk read.
    /// </summary>
    public static double RegistryOperations(double shards, double relays, double signaling, int maximumShards, int slotCount,
        double renewSeconds = 1, double fullLookSeconds = 10)
        => shards * ((maximumShards + 2) / renewSeconds + slotCount / fullLookSeconds) + relays * maximumShards / renewSeconds
        + signaling * (maximumShards + slotCount) / renewSeconds;

    /// <summary>The bytes per second that leave the cloud for one session, including headers.</summary>
    public double EgressBytesPerSecond(Edge edge) => units.AgentSpeaks * units.PacketsPerSecond * PacketBytes(edge);

    /// <summary>The bytes per second that come in for one session, including headers.</summary>
    public double IngressBytesPerSecond(Edge edge) => units.PacketsPerSecond * PacketBytes(edge);

    /// <summary>
    /// Dollars for one hour of one session that are paid by use (egress, processed data, operations, broker), at small scale: only the
    /// first tier that costs money.
    /// </summary>
    public double UsageDollarsPerSessionHour(Edge edge)
    {
        double callsPerHour = 60 / assumptions.MeanCallMinutes;
        double egress = EgressBytesPerSecond(edge) * 3600 / BytesPerGigabyte,
            ingress = IngressBytesPerSecond(edge) * 3600 / BytesPerGigabyte;
        return egress * PriceTable.Egress[1].DollarsPerGigabyte
            + (egress + ingress) * PriceTable.LoadBalancerData.Dollars
            + callsPerHour * (units.TableOperationsPerCall * PriceTable.TableOperations.Dollars
            + units.BrokerOperationsPerCall * PriceTable.ServiceBusOperations.Dollars) / 1e6;
    }

    private double PacketBytes(Edge edge)
        => units.PayloadBytes + units.RtpOverheadBytes + (edge == Edge.AcaTcp ? units.TcpOverheadBytes : units.UdpOverheadBytes);

    private double RelayCore(Edge edge) => edge == Edge.AcaTcp ? units.RelayCoreTcp : units.RelayCoreUdp;

    private IReadOnlyList<(string, double)> Costs(
        Edge edge, int shards, int cells, int relays, int signaling, double tableOperationsPerSecond, double brokerPerCell,
        double egressMonth, double processedMonth, double betweenMonth)
    {
        double relayMonth = edge == Edge.AcaTcp
            ? PriceTable.ConsumptionMonth(assumptions.RelayCores, assumptions.RelayCores * 2)
            : PriceTable.VirtualMachineHour[assumptions.RelayVirtualMachine] * PriceTable.HoursPerMonth
            + PriceTable.ManagedDiskSmall.Dollars;
        // The environment has its own balancer and two addresses. udp-edge adds a balancer of ours and its address.
        double balancer = PriceTable.HoursPerMonth * (PriceTable.LoadBalancer.Dollars + 2 * PriceTable.PublicAddress.Dollars);
        (string, double)[] costs =
        [
            ("shards, vCPU and memory", shards * PriceTable.ConsumptionMonth(assumptions.ShardCores, assumptions.ShardCores * 2)),
            ("relays", cells * relays * relayMonth),
            ("signaling", cells * signaling * PriceTable.ConsumptionMonth(1, 2)),
            ("egress to the internet", PriceTable.EgressMonth(egressMonth)),
            ("balancers: rules, addresses, data processed", cells * balancer * (edge == Edge.AcaTcp ? 1 : 2)
                + processedMonth * PriceTable.LoadBalancerData.Dollars),
            ("table operations", tableOperationsPerSecond * PriceTable.SecondsPerMonth / 1e6 * PriceTable.TableOperations.Dollars),
            ("broker", cells * PriceTable.ServiceBusMonth(brokerPerCell * PriceTable.SecondsPerMonth)),
            ("between regions", betweenMonth * PriceTable.BetweenRegions.Dollars),
        ];
        return [.. costs.OrderByDescending(c => c.Item2)];
    }

    private IReadOnlyList<CapacityLimit> Limits(Edge edge)
    {
        // This holds for both edges: shards run in Container Apps, which has no UDP, so the links to them use TCP.
        int perShard = SessionsPerShard, links = assumptions.LinkConnections;
        double coresPerSession = (double)assumptions.ShardCores / perShard
            + (edge == Edge.AcaTcp ? RelayCore(edge) / assumptions.Utilisation : 0);
        int relayWorkers = Math.Max(1, assumptions.RelayCores / 2);
        double relaySessions = assumptions.RelayCores * assumptions.Utilisation / RelayCore(edge);
        List<CapacityLimit> limits =
        [
            new("default quota of 100 cores per environment", (CoresPerEnvironment - FewestReplicas) / coresPerSession, false, false,
                "ask for more (up to 5,000), or one more cell"),
            new("transceiver workers of a relay worker (LinkSet.MaximumEndpoints, 256)",
                EndpointsPerRelayWorker / assumptions.ShardCores * (double)perShard, false, true, "one more cell; or raise the constant"),
            new("links of a transceiver worker (LinkAcceptor.MaximumLinks, 64)",
                LinksPerTransceiverWorker / (relayWorkers * links) * relaySessions, false, true,
                "Relay__LinkConnections=1; fewer relay workers; one more cell; or raise the constant"),
            new("100 shards of a region (Transceiver__Shard)", ShardsPerRegion * (double)perShard, false, true, "one more cell"),
            new("5,000 cores, the most an environment can have", (MaximumCoresPerEnvironment - FewestReplicas) / coresPerSession, false,
                false, "one more cell"),
            new("20,000 requests a second of a storage account", TableLimit(edge), false, false,
                "one more cell; smaller Fleet__MaximumShards and Fleet__SlotCount; a longer Transceiver__RenewEvery"),
            new("1,000 operations a second of Service Bus Standard",
                BrokerOperationsPerSecondAndNamespace / units.BrokerOperationsPerCall * assumptions.MeanCallMinutes * 60, false, false,
                "Premium, or one more cell"),
            new("256 region numbers of the hint", RegionsPerFleet * (double)assumptions.ShardsPerCell * perShard, true, true,
                "larger cells (constants above), or two fleets with a name each"),
        ];
        // A packet passes a proxy on the link to the shard and, with aca-tcp, another one on its way to the relay. Both directions count.
        double proxyCore = (edge == Edge.AcaTcp ? 4 : 2) * units.PacketsPerSecond * units.AssumedProxySecondsPerPacket;
        limits.Add(new("10 ingress proxies of an environment (cost per packet assumed)",
            IngressProxies * assumptions.Utilisation / proxyCore, false, false,
            "premium ingress on a profile of its own; one more environment; udp-edge"));
        return [.. limits.OrderBy(l => l.Sessions)];
    }

    /// <summary>The sessions at which one account's operations are used up, if the cell grew by shards and its registry with it.</summary>
    private double TableLimit(Edge edge)
    {
        double sessions = 0;
        for (int shards = FewestReplicas; ; shards++)
        {
            double next = (double)shards * SessionsPerShard, calls = next / (assumptions.MeanCallMinutes * 60);
            double relays = Math.Ceiling(next * RelayCore(edge) / (assumptions.RelayCores * assumptions.Utilisation)),
                signaling = Math.Max(FewestReplicas, Math.Ceiling(calls * units.SignalingSecondsPerCall / assumptions.Utilisation));
            double operations = RegistryOperations(shards, relays, signaling, shards, 8 * shards, assumptions.RenewSeconds,
                assumptions.FullLookSeconds) + calls * units.TableOperationsPerCall;
            if (operations > TableOperationsPerSecondAndAccount) return sessions;
            sessions = next;
        }
    }

    private static int Ceiling(double value) => (int)Math.Ceiling(value - 1e-9);
}
