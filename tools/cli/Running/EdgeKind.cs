namespace Dapr.Voice.Cli.Running;

/// <summary>How callers reach the relay.</summary>
internal enum EdgeKind
{
    /// <summary>UDP, and TCP for callers whose network blocks UDP.</summary>
    Both,
    Udp,

    /// <summary>
    /// The shape of Container Apps: only TCP between all processes, and each process has exactly the settings of its container.
    /// </summary>
    Tcp,
}

/// <summary>The transport between relay and transceivers.</summary>
internal enum LinkKind { Udp, Tcp }
