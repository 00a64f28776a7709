using System.Net;
using System.Net.NetworkInformation;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.PacketPath;

/// <summary>
/// Numbers for the local addresses that clients send to. The numbers stay the same after a restart, so that an answer leaves from the
/// address that the packet came to.
/// </summary>
internal sealed class IngressTable
{
    private readonly TransportAddress[] _addresses;

    /// <param name="addresses">The addresses, with port 0.</param>
    public IngressTable(IEnumerable<TransportAddress> addresses) => _addresses = [.. addresses.Take(RelayOptions.MaximumIngressAddresses)];

    /// <summary>Uses the configured addresses. If there are none, it uses all addresses of this host, in a fixed order.</summary>
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

    /// <summary>Returns the address of a number. The default value means that the kernel chooses the address.</summary>
    public TransportAddress AddressOf(byte number) => number < _addresses.Length ? _addresses[number] : default;
}
