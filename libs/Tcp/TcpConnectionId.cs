namespace Dapr.Voice.Tcp;

/// <summary>
/// A connection of a <see cref="TcpFrameSocket"/>. A place is used again under another generation, so an id never means a later connection.
/// </summary>
/// <param name="Index">Place, 0 to the socket's maximum of connections - 1.</param>
/// <param name="Generation">From 1; 0 is no connection.</param>
public readonly record struct TcpConnectionId(int Index, uint Generation)
{
    public bool IsNone => Generation == 0;
}
