namespace Dapr.Voice.Cli.Running;

/// <summary>How callers reach the relay.</summary>
internal enum EdgeKind
{
    /// <summary>UDP, and TCP for those whose network lets no UDP out.</summary>
    Both,
    Udp,

    /// <summary>
    /// The shape that Container Apps gives the system: TCP alone between everything, and each process with a container's settings and no
    /// other.
    /// </summary>
    Tcp,
}

/// <summary>What relay and transceivers speak their frames over.</summary>
internal enum LinkKind { Udp, Tcp }
