namespace Dapr.Voice.Steering;

/// <summary>
/// <c>TransportPath.Base</c> at a transceiver: the number of the link and the relay's ingress. The number belongs to the relay's
/// configured id, so the paths of a session outlive the process of a relay.
/// </summary>
public static class LinkBase
{
    public static int Compose(int link, int ingress) => (link << 4) | (ingress & 15);
    public static int Link(int @base) => @base >> 4;
    public static byte Ingress(int @base) => (byte)(@base & 15);
}
