using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Dapr.Voice.Cli.Machine;

/// <summary>The addresses of this machine that a caller may use.</summary>
internal static class OwnAddresses
{
    /// <summary>
    /// Loopback first, which is enough for the page and the tools on this machine. Then the addresses of this machine, for phones in the
    /// same network: IPv4 and IPv6 in turn, so that both are among the few that an answer can name.
    /// </summary>
    public static IEnumerable<IPAddress> Find(bool withIPv6)
    {
        yield return IPAddress.Loopback;
        IPAddress[] all = [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(n => n.OperationalStatus == OperationalStatus.Up && n.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(n => n.GetIPProperties().UnicastAddresses.Select(a => a.Address))
            .Where(a => !IPAddress.IsLoopback(a))];
        IPAddress[] four = [.. all.Where(a => a.AddressFamily == AddressFamily.InterNetwork)];
        // An IPv6 address of one link alone means another machine on each link.
        IPAddress[] six = [.. all.Where(a => withIPv6 && a is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv6LinkLocal: false })];
        for (int i = 0; i < Math.Max(four.Length, six.Length); i++)
        {
            if (i < four.Length) yield return four[i];
            if (i < six.Length) yield return six[i];
        }
    }
}
