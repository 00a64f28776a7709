namespace Dapr.Voice.Signaling;

/// <summary>Tells the processes of one service apart, in events and telemetry.</summary>
internal sealed record ServiceInstance(string Name)
{
    public static ServiceInstance OfThisProcess { get; } = new($"{Environment.MachineName.ToLowerInvariant()}-{Environment.ProcessId}");
}
