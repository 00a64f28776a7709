using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

public enum IceEventKind : byte
{
    /// <summary>The first path works, and DTLS may start. Reported once for each agent.</summary>
    Connected,
    /// <summary>The selected path has changed. Packets must go there from now on.</summary>
    SelectedPathChanged,
    /// <summary>
    /// Nothing authenticated arrived for 30 s (RFC 7675). A full agent may send nothing any more. This is the last event.
    /// </summary>
    ConsentLost,
    /// <summary>No path worked within <see cref="IceAgent.ConnectTimeout"/>. This is the last event.</summary>
    Failed,
}

/// <param name="Path">The selected path. In <see cref="IceEventKind.ConsentLost"/>, the one that was selected. It has no meaning in <see
/// cref="IceEventKind.Failed"/>.</param>
public readonly record struct IceEvent(IceEventKind Kind, TransportPath Path);
