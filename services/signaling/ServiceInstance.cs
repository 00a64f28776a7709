namespace Dapr.Voice.Signaling;

/// <summary>The name that tells the processes of one service apart in events and telemetry.</summary>
internal sealed record ServiceInstance(string Name)
{
    public static ServiceInstance OfThisProcess { get; } = new($"{Environment.MachineName.ToLowerInvariant()}-{Environment.ProcessId}");
}
