namespace Dapr.Voice.Steering;

/// <summary>What carries a link.</summary>
public enum LinkScheme : byte
{
    Udp,
    Tcp,
}
