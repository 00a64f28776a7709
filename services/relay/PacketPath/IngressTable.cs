using System.Net;
using System.Net.NetworkInformation;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// Numbers for the local addresses that clients reach us by, stable over restarts, so that answers leave from where the packet came to.
/// </summary>
internal sealed class IngressTable
{
    private readonly TransportAddress[] _addresses;

    /// <param name="addresses">With port 0.</param>
    public IngressTable(IEnumerable<TransportAddress> addresses) => _addresses = [.. addresses.Take(RelayOptions.MaximumIngressAddresses)];

    /// <summary>As configured, or else all addresses of this host in their natural order.</summary>
    public static IngressTable From(RelayOptions options)
    {
        if (options.IngressAddresses.Count > 0) return new IngressTable(options.Ingresses);
        return new IngressTable(NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Where(a => !a.Address.IsIPv6LinkLocal)
            .Select(a => TransportAddress.From(new IPEndPoint(a.Address, 0)))
            .Distinct()
            .OrderBy(a => a.High).ThenBy(a => a.Low));
    }

    public byte NumberOf(in TransportAddress local)
    {
        int number = _addresses.AsSpan().IndexOf(local);
        return number < 0 ? LinkFrame.AnyIngress : (byte)number;
    }

    /// <summary>The address, or default for "the kernel's choice".</summary>
    public TransportAddress AddressOf(byte number) => number < _addresses.Length ? _addresses[number] : default;
}
