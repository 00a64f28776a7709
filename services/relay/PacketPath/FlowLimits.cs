namespace Dapr.Voice.Relay.PacketPath;

/// <summary>Bounds of a <see cref="FlowTable"/>; see <see cref="RelayOptions"/>.</summary>
internal sealed record FlowLimits(int Flows, int PerPrefix, int PerSession, int NewPerSecond, TimeSpan Lifetime)
{
    /// <summary>A source is another session's only after so much silence (docs/design.md 5).</summary>
    public static readonly TimeSpan ContestedFor = TimeSpan.FromSeconds(1);

    public static FlowLimits From(RelayOptions options)
        => new(options.MaximumFlows, options.MaximumFlowsPerPrefix, options.MaximumFlowsPerSession, options.NewFlowsPerSecond,
        options.FlowLifetime);
}
