using System.Net;

namespace Dapr.Voice.Cli.Running;

/// <summary>The options of <c>./voice up</c>.</summary>
internal sealed record UpOptions
{
    public required string Agent { get; init; }
    public required int Transceivers { get; init; }
    public required int HttpPort { get; init; }
    public required int RelayPort { get; init; }

    /// <summary>The number of relays. Each has a public port of its own, from <see cref="RelayPort"/> on.</summary>
    public int Relays { get; init; } = 1;

    public EdgeKind Edge { get; init; } = EdgeKind.Both;
    public LinkKind Link { get; init; } = LinkKind.Udp;

    /// <summary>The IPv4 and IPv6 addresses that answers name. Empty for loopback and the addresses of this machine.</summary>
    public required IReadOnlyList<IPAddress> Addresses { get; init; }

    /// <summary>The address on which signaling and the page listen: an IP address or <c>localhost</c>.</summary>
    public required string HttpAddress { get; init; }

    /// <summary>Sidecars for services of the user: <c>ID=SIDECAR_PORT[,APP_PORT]</c>.</summary>
    public required IReadOnlyList<string> Apps { get; init; }
    public required string? Components { get; init; }
    public required bool UseDevelopmentSidecar { get; init; }
    public required string Region { get; init; }

    /// <summary>Further settings, by the name of the process that gets them. A drill uses them.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Settings { get; init; }
        = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
}
