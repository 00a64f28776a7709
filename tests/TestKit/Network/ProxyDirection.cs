namespace Dapr.Voice.TestKit.Network;

[Flags]
public enum ProxyDirection
{
    /// <summary>From client to server.</summary>
    Up = 1,

    /// <summary>From server to client.</summary>
    Down = 2,
    Both = Up | Down,
}
