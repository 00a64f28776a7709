namespace Dapr.Voice.Tcp;

/// <summary>
/// Identifies a connection of a <see cref="TcpFrameSocket"/>. A slot that is used again gets a new generation, so an id never means a later
/// connection.
/// </summary>
/// <param name="Index">The slot, 0 to the maximum number of connections minus one.</param>
/// <param name="Generation">Starts at 1; 0 means no connection.</param>
public readonly record struct TcpConnectionId(int Index, uint Generation)
{
    public bool IsNone => Generation == 0;
}
