namespace Dapr.Voice.Relay.PacketPath;

/// <summary>The limits of a <see cref="FlowTable"/>. <see cref="RelayOptions"/> describes each of them.</summary>
internal sealed record FlowLimits(int Flows, int PerPrefix, int PerSession, int NewPerSecond, TimeSpan Lifetime)
{
    /// <summary>Another session can take over a source's address only after this much silence (docs/design.md 5).</summary>
    public static readonly TimeSpan ContestedFor = TimeSpan.FromSeconds(1);

    public static FlowLimits From(RelayOptions options)
        => new(options.MaximumFlows, options.MaximumFlowsPerPrefix, options.MaximumFlowsPerSession, options.NewFlowsPerSecond,
        options.FlowLifetime);
}
