using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Dapr.Voice.Signaling;

/// <summary>A public address of a relay.</summary>
internal sealed record Ingress(bool IsTcp, IPEndPoint EndPoint)
{
    // RFC 8445, section 5.1.2.1: type preference 126 for host candidates. RFC 6544, section 4.2: where both work UDP is to win, so TCP has
    // a lower type preference (90, as in browsers); and its local preference is a direction preference of three bits (4: passive) before 13
    // bits of our own. The own part falls with the place in the list, so that clients try the ingresses in our order.
    private const uint UdpTypePreference = 126, TcpTypePreference = 90, PassiveDirectionPreference = 4, HighestLocalPreference = 65_535,
        HighestTcpOtherPreference = 8191, ComponentId = 1;

    public static bool TryParse(string? text, [NotNullWhen(true)] out Ingress? ingress)
    {
        ingress = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("udp" or "tcp") || uri.Port is < 1 or > 65_535)
            return false;
        if (uri.AbsolutePath is not ("" or "/") || uri.Query.Length > 0 || uri.UserInfo.Length > 0) return false;
        if (!IPAddress.TryParse(uri.Host.Trim('[', ']'), out IPAddress? address)) return false;
        // A client can't send to 0.0.0.0: the relay listens there, callers need to know where that is.
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) return false;
        ingress = new(uri.Scheme == "tcp", new(address, uri.Port));
        return true;
    }

    /// <summary>
    /// Value of the <c>a=candidate</c> attribute's line after <c>candidate:</c>' s colon included (RFC 8839, section 5.1).
    /// </summary>
    /// <param name="index">Place in the list of ingresses, from 0; later ones get lower priorities.</param>
    public string ToCandidate(int index)
    {
        uint localPreference = IsTcp ? (PassiveDirectionPreference << 13) + HighestTcpOtherPreference - (uint)index
            : HighestLocalPreference - (uint)index;
        uint priority = ((IsTcp ? TcpTypePreference : UdpTypePreference) << 24) + (localPreference << 8) + (256 - ComponentId);
        return $"candidate:{index + 1} {ComponentId} {(IsTcp ? "tcp" : "udp")} {priority} {EndPoint.Address} {EndPoint.Port} typ host{(IsTcp ? " tcptype passive" : "")}";
    }

    /// <summary>IPv6 addresses go unbracketed into candidates.</summary>
    public override string ToString()
        => $"{(IsTcp ? "tcp" : "udp")}://{(EndPoint.AddressFamily == AddressFamily.InterNetworkV6 ? EndPoint.ToString() : EndPoint)}";
}
