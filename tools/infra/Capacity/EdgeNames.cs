using System.Diagnostics.CodeAnalysis;

namespace Dapr.Voice.Infra.Capacity;

/// <summary>The words for an edge in parameters and on command lines.</summary>
public static class EdgeNames
{
    public const string AcaTcp = "aca-tcp", UdpEdge = "udp-edge";

    public static string Of(Edge edge) => edge == Edge.AcaTcp ? AcaTcp : UdpEdge;

    public static bool TryParse([NotNullWhen(true)] string? word, out Edge edge)
    {
        edge = word == UdpEdge ? Edge.UdpEdge : Edge.AcaTcp;
        return word is AcaTcp or UdpEdge;
    }
}
