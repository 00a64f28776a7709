namespace Dapr.Voice.Cli.Running;

/// <summary>What <c>./voice up</c> was asked for.</summary>
internal sealed record UpOptions
{
    public required string Agent { get; init; }
    public required int Transceivers { get; init; }
    public required int HttpPort { get; init; }
    public required int RelayPort { get; init; }

    public EdgeKind Edge { get; init; } = EdgeKind.Both;
    public LinkKind Link { get; init; } = LinkKind.Udp;

    /// <summary>Addresses of this machine that the answer names; empty: loopback and every address of this machine.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>Where signaling and the page listen; default all interfaces when an address was named, loopback otherwise.</summary>
    public required string HttpAddress { get; init; }

    /// <summary><c>ID=SIDECAR_PORT[,APP_PORT]</c>: sidecars for services beside ours.</summary>
    public required IReadOnlyList<string> Apps { get; init; }
    public required string? Components { get; init; }
    public required bool UseDevelopmentSidecar { get; init; }
    public required string Region { get; init; }
}
