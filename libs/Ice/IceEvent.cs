using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

public enum IceEventKind : byte
{
    /// <summary>A first path works; DTLS may start. Once per agent.</summary>
    Connected,
    /// <summary>Packets go elsewhere from now on.</summary>
    SelectedPathChanged,
    /// <summary>No valid check or answer for 30 s (RFC 7675): nothing may be sent any more. Last event.</summary>
    ConsentLost,
    /// <summary>No path worked within <see cref="IceAgent.ConnectTimeout"/>. Last event.</summary>
    Failed,
}

/// <param name="Path">The selected path; without meaning for the two last events.</param>
public readonly record struct IceEvent(IceEventKind Kind, TransportPath Path);
