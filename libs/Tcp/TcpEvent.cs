namespace Dapr.Voice.Tcp;

public enum TcpEventKind : byte
{
    /// <summary>A peer's connection was accepted.</summary>
    Accepted,
    /// <summary>A connection attempt of this side succeeded.</summary>
    Connected,
    /// <summary>The connection has ended, whoever ended it. Reported once per connection; the id is invalid from then on.</summary>
    Closed,
}

/// <param name="Reason">Set for <see cref="TcpEventKind.Closed"/> only.</param>
public readonly record struct TcpEvent(TcpEventKind Kind, TcpConnectionId Connection, TcpCloseReason Reason = TcpCloseReason.Local);
