using System.Net;
using Dapr.Voice.Hosting;
using Dapr.Voice.Ownership;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver;

/// <summary>The settings of a transceiver. The defaults fit a laptop.</summary>
internal sealed class TransceiverOptions : IServiceOptions
{
    public static string Section => "Transceiver";

    /// <summary>The number of this transceiver, 0 to 99. It is part of its name in the state store and of its Dapr app id.</summary>
    public int Shard { get; set; }

    /// <summary>
    /// The address that relays' links come to: a private address and the first port. Worker i listens on port + i.
    /// <c>udp://10.0.0.4:20000</c> (the scheme may be omitted) or <c>tcp://10.0.0.4:20000</c>. Over TCP it may be
    /// <c>tcp://0.0.0.0:20000</c>, for a container whose address is not known in advance.
    /// </summary>
    public string LinkEndpoint { get; set; } = "127.0.0.1:20000";

    /// <summary>
    /// The endpoint that relays are told instead of <see cref="LinkEndpoint"/>, if they reach it by another name or port:
    /// <c>tcp://transceiver-00:20000</c>. Worker i has port + i.
    /// </summary>
    public string AdvertisedLinkEndpoint { get; set; } = "";

    /// <summary>The number of worker threads. 0 means one per core.</summary>
    public int Workers { get; set; }

    /// <summary>
    /// The largest number of sessions of all workers. One core carries about 100 with Opus in both directions (docs/capacity.md).
    /// </summary>
    public int Capacity { get; set; } = 200;

    /// <summary>The agent for a record whose agent is unknown here.</summary>
    public string DefaultAgent { get; set; } = "echo";

    /// <summary>Maps an agent's name to the <c>ws://</c> or <c>wss://</c> URL of a Realtime backend.</summary>
    public Dictionary<string, string> Agents { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The bearer key for the agents' backends.</summary>
    public string? AgentApiKey { get; set; }

    /// <summary>A session without a valid STUN check ends after this time.</summary>
    public TimeSpan FirstCheckLimit { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A session without DTLS ends after this time.</summary>
    public TimeSpan HandshakeLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A caller that was silent for so long is asked for a sign of life. Browsers send checks every 2.5 to 6 s and RTCP every second or so,
    /// whatever the microphone does.
    /// </summary>
    public static readonly TimeSpan AskAfterSilence = TimeSpan.FromSeconds(5);

    /// <summary>
    /// If nothing at all arrives from a caller for this time, its agent is released until the caller is back. 0 keeps the agent until the
    /// session ends.
    /// </summary>
    public TimeSpan AgentReleaseAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// <c>on</c>: what another transceiver needs to continue a session, keys and conversation included, is stored encrypted. <c>off</c> is
    /// for those who may not store keys: if a transceiver dies, its sessions end.
    /// </summary>
    public string Checkpoints { get; set; } = "on";

    internal bool KeepsCheckpoints => Checkpoints == "on";

    /// <summary>How long the record and the statistics of an ended session stay.</summary>
    public TimeSpan RecordRetention { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long sessions have after SIGTERM to end by themselves.</summary>
    public TimeSpan DrainGrace { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long others rely on us without a sign of life. Probes, the fence and the bound of a takeover follow from it (<see
    /// cref="OwnershipTiming"/>).
    /// </summary>
    public TimeSpan Lease { get; set; } = OwnershipTiming.Default.Lease;

    /// <summary>How often the record is renewed and the fleet is looked at.</summary>
    public TimeSpan RenewEvery { get; set; } = OwnershipTiming.Default.Renew;

    /// <summary>
    /// The implementation of Opus: <c>auto</c> (libopus, or Concentus if libopus is not installed), <c>libopus</c> (the service does not
    /// start without it), or <c>concentus</c> (managed code only; docs/decisions/0019 has its cost).
    /// </summary>
    public string OpusCodec { get; set; } = "auto";

    internal Opus.OpusCodec Codec => OpusCodec switch
    {
        "libopus" => Opus.OpusCodec.Libopus,
        "concentus" => Opus.OpusCodec.Concentus,
        _ => Opus.OpusCodec.Best,
    };

    internal OwnershipTiming Timing => new(RenewEvery, Lease);

    internal int WorkerCount => Workers > 0 ? Workers : Environment.ProcessorCount;

    internal LinkEndpoint LinkOf(int worker) => Parse(LinkEndpoint).ForWorker(worker);

    internal LinkEndpoint AdvertisedLinkOf(int worker)
        => Parse(AdvertisedLinkEndpoint is { Length: > 0 } advertised ? advertised : LinkEndpoint).ForWorker(worker);

    public IEnumerable<string> Problems()
    {
        if (Shard is < 0 or > 99) yield return "Transceiver__Shard: a number from 0 to 99, unique in the region.";
        foreach (string problem in LinkProblems()) yield return problem;
        if (Workers is < 0 or > 64) yield return "Transceiver__Workers: 0 (one per core) to 64.";
        if (Capacity is < 1 or > 100_000) yield return "Transceiver__Capacity: 1 to 100000 sessions.";
        if (OpusCodec is not ("auto" or "libopus" or "concentus")) yield return "Transceiver__OpusCodec: auto, libopus or concentus.";
        if (OpusCodec == "libopus" && !Opus.OpusCodec.IsLibopusInstalled)
            yield return "Transceiver__OpusCodec: libopus is not installed. Install the package libopus0, or set auto.";
        if (FirstCheckLimit <= TimeSpan.Zero) yield return "Transceiver__FirstCheckLimit: a positive time, for example 00:00:15.";
        if (HandshakeLimit <= TimeSpan.Zero) yield return "Transceiver__HandshakeLimit: a positive time, for example 00:00:30.";
        if (AgentReleaseAfter != TimeSpan.Zero && AgentReleaseAfter < AskAfterSilence)
            yield return "Transceiver__AgentReleaseAfter: 00:00:05 or more, or 0 for never.";
        if (Checkpoints is not ("on" or "off")) yield return "Transceiver__Checkpoints: on or off.";
        if (RecordRetention < TimeSpan.Zero) yield return "Transceiver__RecordRetention: a time, for example 00:05:00.";
        if (DrainGrace < TimeSpan.Zero || DrainGrace > TimeSpan.FromSeconds(4))
            yield return "Transceiver__DrainGrace: at most 00:00:04, since the whole drain takes five seconds at most.";
        if (RenewEvery <= TimeSpan.Zero || !Timing.IsSafe)
            yield return "Transceiver__Lease: at least four times Transceiver__RenewEvery, or an owner that pauses is noticed too late.";
    }

    private static LinkEndpoint Parse(string text)
        => Steering.LinkEndpoint.TryParse(text, out LinkEndpoint? endpoint, out string? error) ? endpoint
        : throw new FormatException($"'{text}' {error}.");

    private IEnumerable<string> LinkProblems()
    {
        if (!Steering.LinkEndpoint.TryParse(LinkEndpoint, out LinkEndpoint? link, out string? error))
        {
            yield return $"Transceiver__LinkEndpoint: '{LinkEndpoint}' {error}.";
            yield break;
        }
        bool isAddress = link.TryGetAddress(out TransportAddress address), isEverywhere = isAddress
            && address.ToIPEndPoint().Address is var ip && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));
        if (!isAddress) yield return $"Transceiver__LinkEndpoint: '{link.Host}' is a name; to listen takes an address of this machine, "
            + $"for example {LinkEndpointExample(link.Scheme)}.";
        // A transceiver has no port on a public address (docs/design.md 2), and a socket on every address would be one.
        else if (isEverywhere && link.Scheme == LinkScheme.Udp)
            yield return "Transceiver__LinkEndpoint: one private address, not all of them (which only tcp:// may, in a container with one "
                + "interface).";
        else if (isEverywhere && AdvertisedLinkEndpoint.Length == 0)
            yield return "Transceiver__AdvertisedLinkEndpoint: needed where Transceiver__LinkEndpoint is every address, for example "
                + "tcp://transceiver-00:20000.";
        if (link.Port + WorkerCount - 1 > IPEndPoint.MaxPort)
            yield return "Transceiver__LinkEndpoint: a lower port, since each worker takes one more.";
        if (AdvertisedLinkEndpoint.Length == 0) yield break;
        if (!Steering.LinkEndpoint.TryParse(AdvertisedLinkEndpoint, out LinkEndpoint? advertised, out error))
            yield return $"Transceiver__AdvertisedLinkEndpoint: '{AdvertisedLinkEndpoint}' {error}.";
        else if (advertised.Scheme != link.Scheme)
        yield return "Transceiver__AdvertisedLinkEndpoint: the same scheme as Transceiver__LinkEndpoint, udp:// or tcp://.";
        else if (advertised.Port + WorkerCount - 1 > IPEndPoint.MaxPort)
        yield return "Transceiver__AdvertisedLinkEndpoint: a lower port, since each worker takes one more.";
    }

    private static string LinkEndpointExample(LinkScheme scheme) => scheme == LinkScheme.Tcp ? "tcp://0.0.0.0:20000" : "127.0.0.1:20000";
}
