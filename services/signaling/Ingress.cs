using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Dapr.Voice.Signaling;

/// <summary>A public address of a relay.</summary>
internal sealed record Ingress(bool IsTcp, IPEndPoint EndPoint)
{
    // RFC 8445, section 5.1.2.1: the type preference of host candidates is 126. RFC 6544, section 4.2: UDP should win where both work, so
    // TCP has a lower type preference (90, as in browsers). The local preference of a TCP candidate is a direction preference of three bits
    // (4 means passive), followed by 13 bits of our own. Our own part falls with the place in the list, so that clients try the ingresses
    // in our order.
    private const uint UdpTypePreference = 126, TcpTypePreference = 90, PassiveDirectionPreference = 4, HighestLocalPreference = 65_535,
        HighestTcpOtherPreference = 8191, ComponentId = 1;

    public static bool TryParse(string? text, [NotNullWhen(true)] out Ingress? ingress)
    {
        ingress = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("udp" or "tcp") || uri.Port is < 1 or > 65_535)
            return false;
        if (uri.AbsolutePath is not ("" or "/") || uri.Query.Length > 0 || uri.UserInfo.Length > 0) return false;
        if (!IPAddress.TryParse(uri.Host.Trim('[', ']'), out IPAddress? address)) return false;
        // A client cannot send to 0.0.0.0. The relay listens there, but callers need the real address.
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) return false;
        ingress = new(uri.Scheme == "tcp", new(address, uri.Port));
        return true;
    }

    /// <summary>
    /// Returns an <c>a=candidate</c> attribute's value, from the word <c>candidate:</c> on (RFC 8839, section 5.1).
    /// </summary>
    /// <param name="index">The place in the list of ingresses, from 0. Later ones get lower priorities.</param>
    public string ToCandidate(int index)
    {
        uint localPreference = IsTcp ? (PassiveDirectionPreference << 13) + HighestTcpOtherPreference - (uint)index
            : HighestLocalPreference - (uint)index;
        uint priority = ((IsTcp ? TcpTypePreference : UdpTypePreference) << 24) + (localPreference << 8) + (256 - ComponentId);
        string transport = IsTcp ? "tcp" : "udp", tcpType = IsTcp ? " tcptype passive" : "";
        return $"candidate:{index + 1} {ComponentId} {transport} {priority} {EndPoint.Address} {EndPoint.Port} typ host{tcpType}";
    }

    /// <summary>IPv6 addresses have no brackets in candidates.</summary>
    public override string ToString()
        => $"{(IsTcp ? "tcp" : "udp")}://{(EndPoint.AddressFamily == AddressFamily.InterNetworkV6 ? EndPoint.ToString() : EndPoint)}";
}
