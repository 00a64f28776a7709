using System.Net;

namespace Dapr.Voice.Transceiver;

/// <summary>Configuration section <c>Transceiver</c>; checked at start. The defaults serve a laptop.</summary>
internal sealed record TransceiverOptions
{
    public const string Section = "Transceiver";

    /// <summary>0 to 99; names this transceiver in the state store and as a Dapr app.</summary>
    public int Shard { get; init; }

    /// <summary>Private address and first port of the links; worker i listens on port + i.</summary>
    public string LinkEndpoint { get; init; } = "127.0.0.1:20000";

    /// <summary>Worker threads; 0 means one per core.</summary>
    public int Workers { get; init; }

    /// <summary>Sessions it has at most, over all workers. One core carries about 100 sessions of Opus both ways (media-natives, section 12).</summary>
    public int Capacity { get; init; } = 200;

    /// <summary>The agent of a record that names none we know.</summary>
    public string DefaultAgent { get; init; } = "echo";

    /// <summary>Agent name to <c>ws://</c> or <c>wss://</c> URL of a Realtime backend.</summary>
    public Dictionary<string, string> Agents { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Bearer key for the agents' backends.</summary>
    public string? AgentApiKey { get; init; }

    /// <summary>A session without a valid STUN check ends after this.</summary>
    public TimeSpan FirstCheckLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A session without DTLS ends after this.</summary>
    public TimeSpan HandshakeLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Record and statistics of an ended session stay this long.</summary>
    public TimeSpan RecordRetention { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>On SIGTERM sessions have this long to end by themselves.</summary>
    public TimeSpan DrainGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long another may believe in our record after the last renewal.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often the record is renewed and the fleet looked at.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(1);

    public int WorkerCount => Workers > 0 ? Workers : Environment.ProcessorCount;

    public IPEndPoint LinkBase => IPEndPoint.Parse(LinkEndpoint);

    /// <returns>What is wrong, or null.</returns>
    public string? Validate()
    {
        if (Shard is < 0 or > 99) return "Transceiver:Shard must be 0 to 99.";
        if (!IPEndPoint.TryParse(LinkEndpoint, out IPEndPoint? link) || link.Port == 0) return "Transceiver:LinkEndpoint must be an address and a port, such as 127.0.0.1:20000.";
        // Frames carry their own proof, but a socket on every address would be one more public port (DESIGN 2: the transceiver has none).
        if (link.Address.Equals(IPAddress.Any) || link.Address.Equals(IPAddress.IPv6Any)) return "Transceiver:LinkEndpoint must name one private address.";
        if (Workers is < 0 or > 64) return "Transceiver:Workers must be 0 (one per core) to 64.";
        if (link.Port + WorkerCount > 65536) return "Transceiver:LinkEndpoint leaves no room for one port per worker.";
        if (Capacity is < 1 or > 100_000) return "Transceiver:Capacity must be 1 to 100000.";
        if (FirstCheckLimit <= TimeSpan.Zero || HandshakeLimit <= TimeSpan.Zero) return "Transceiver:FirstCheckLimit and HandshakeLimit must be positive.";
        if (RecordRetention < TimeSpan.Zero || DrainGrace < TimeSpan.Zero) return "Transceiver:RecordRetention and DrainGrace must not be negative.";
        if (RenewEvery <= TimeSpan.Zero || Lease < RenewEvery * 2) return "Transceiver:Lease must be at least twice RenewEvery, or one lost write loses the slots.";
        return null;
    }
}
