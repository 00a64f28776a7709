namespace Dapr.Voice.Tcp;

public enum TcpEventKind : byte
{
    /// <summary>A peer's connection came in.</summary>
    Accepted,
    /// <summary>An own attempt succeeded.</summary>
    Connected,
    /// <summary>Over, whoever ended it. Comes once for each connection; its id means nothing from then on.</summary>
    Closed,
}

/// <param name="Reason">Of <see cref="TcpEventKind.Closed"/> only.</param>
public readonly record struct TcpEvent(TcpEventKind Kind, TcpConnectionId Connection, TcpCloseReason Reason = TcpCloseReason.Local);
