namespace Dapr.Voice.Contracts;

/// <summary>
/// The ports of one app's sidecar on a laptop. The program that starts a sidecar chooses the HTTP port from one band. The other ports
/// follow from it, each in its own band, so that the ports of two sidecars never collide. The development sidecar and the real one use the
/// same ports. In Azure each replica has its own network, and the platform chooses the ports.
/// </summary>
/// <remarks>
/// <see cref="LocalPorts"/> lists every band of the machine.
/// </remarks>
/// <param name="Http">Port of the HTTP API, 3500 to 3999.</param>
public readonly record struct SidecarPorts(int Http)
{
    /// <summary>The gRPC port lies this far above the HTTP port.</summary>
    public const int GrpcOffset = 1_000;

    /// <summary>The port on which sidecars of the real Dapr call each other lies this far above the HTTP port.</summary>
    public const int InternalGrpcOffset = 2_000;

    /// <summary>The port of the real sidecar's metrics lies this far above the HTTP port.</summary>
    public const int MetricsOffset = 3_000;

    /// <summary>Port of the gRPC API, which Dapr's SDKs use: 4500 to 4999.</summary>
    public int Grpc => Http + GrpcOffset;

    /// <summary>Port on which other sidecars call this one: 5500 to 5999. The development sidecar does not use it.</summary>
    public int InternalGrpc => Http + InternalGrpcOffset;

    /// <summary>Port of the sidecar's metrics: 6500 to 6999. The development sidecar does not use it.</summary>
    public int Metrics => Http + MetricsOffset;

    /// <summary>False if the HTTP port is outside its band. The other ports could then collide with those of another app.</summary>
    public bool IsInBand => LocalPorts.SidecarHttp.Contains(Http);
}

/// <summary>A range of ports, both ends included, and its purpose.</summary>
public sealed record PortBand(string Purpose, int First, int Last)
{
    public bool Contains(int port) => port >= First && port <= Last;
}

/// <summary>
/// The ports that a whole region uses on a laptop. The bands do not overlap. They end below 32768, where Linux starts to assign ports to
/// clients. The two ports that a caller sees (the page and the relay) can be configured; they must then lie outside the other bands.
/// </summary>
public static class LocalPorts
{
    /// <summary>The maximum number of shards on one machine.</summary>
    public const int MaximumShards = 16;

    /// <summary>The maximum number of relays on one machine.</summary>
    public const int MaximumRelays = 4;

    /// <summary>The number of link ports reserved for each shard. Each worker thread listens on one.</summary>
    public const int LinkPortsPerShard = 16;

    public static PortBand RelayPublic { get; } = new("the relay, for callers (UDP and TCP)", 3_478, 3_478 + MaximumRelays - 1);
    public static PortBand SidecarControl { get; } = new("control of the development sidecar", 3_499, 3_499);
    public static PortBand SidecarHttp { get; } = new("HTTP of the sidecars", 3_500, 3_999);
    public static PortBand SidecarGrpc { get; } = Above(SidecarHttp, SidecarPorts.GrpcOffset, "gRPC of the sidecars");
    public static PortBand SidecarInternalGrpc { get; } = Above(SidecarHttp, SidecarPorts.InternalGrpcOffset, "gRPC between sidecars");
    public static PortBand SidecarMetrics { get; } = Above(SidecarHttp, SidecarPorts.MetricsOffset, "metrics of the sidecars");
    public static PortBand RelayHttp { get; } = new("the relay's health", 8_070, 8_070 + MaximumRelays - 1);
    public static PortBand SignalingHttp { get; } = new("the page and the API", 8_080, 8_080);
    public static PortBand Agent { get; } = new("the local agent", 8_090, 8_090);
    public static PortBand TransceiverHttp { get; } = new("HTTP of the transceivers", 8_100, 8_100 + MaximumShards - 1);
    public static PortBand Links { get; } = new(
        "links from the relay to the transceivers", 20_000, 20_000 + MaximumShards * LinkPortsPerShard - 1);

    public static IReadOnlyList<PortBand> All { get; } =
    [
        RelayPublic, SidecarControl, SidecarHttp, SidecarGrpc, SidecarInternalGrpc, SidecarMetrics, RelayHttp, SignalingHttp, Agent,
            TransceiverHttp, Links,
    ];

    /// <summary>The ports of signaling's sidecar.</summary>
    public static SidecarPorts SignalingSidecar { get; } = new(3_500);

    /// <summary>The ports of the relay's sidecar.</summary>
    public static SidecarPorts RelaySidecar { get; } = new(3_501);

    /// <summary>Returns the ports of a transceiver's sidecar.</summary>
    /// <param name="shard">0 to <see cref="MaximumShards"/> - 1.</param>
    public static SidecarPorts TransceiverSidecar(int shard) => new(3_510 + shard);

    private static PortBand Above(PortBand band, int offset, string purpose) => new(purpose, band.First + offset, band.Last + offset);
}
