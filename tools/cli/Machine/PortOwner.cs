using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dapr.Voice.Cli.Machine;

/// <summary>Says whether a port is free, and which process has it, as far as /proc shows that to this user.</summary>
internal static class PortOwner
{
    /// <param name="option">The option that chooses another port; null if there is none.</param>
    /// <param name="address">The address that will be bound. Null for loopback.</param>
    /// <exception cref="CommandFailedException">The port cannot be bound. The message names its owner.</exception>
    public static void EnsureFree(string what, int port, bool udp, string? option, IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        try
        {
            using var probe = new Socket(address.AddressFamily, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp
                : ProtocolType.Tcp);
            if (address.AddressFamily == AddressFamily.InterNetworkV6) probe.DualMode = true;
            // A server that sets SO_REUSEADDR, as Kestrel does, can bind a port in TIME_WAIT.
            if (!udp) probe.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            probe.Bind(new IPEndPoint(address, port));
            if (!udp) probe.Listen(1);
        }
        catch (SocketException failure)
        {
            string kind = udp ? "udp" : "tcp";
            if (failure.SocketErrorCode == SocketError.AddressNotAvailable)
                throw new CommandFailedException($"this machine has no address {address} for {what}", "'ip address' lists its addresses");
            string holder = Find(port, udp) is { } owner ? $"is taken by {owner}" : "can't be bound: " + failure.Message;
            throw new CommandFailedException($"port {port}/{kind} for {what} {holder}",
                "end that process" + (option is null ? "" : $", or choose another port with {option}"));
        }
    }

    /// <summary>The owner of a port as "name (pid 123)". Null if nothing has the port.</summary>
    public static string? Find(int port, bool udp)
    {
        var inodes = new HashSet<string>(StringComparer.Ordinal);
        foreach (string table in udp ? ["udp", "udp6"] : new[] { "tcp", "tcp6" })
        {
            if (!File.Exists($"/proc/net/{table}")) continue;
            foreach (string line in File.ReadLines($"/proc/net/{table}").Skip(1))
            {
                string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length < 10 || (!udp && fields[3] != "0A")) continue;
                string local = fields[1];
                if (int.Parse(local[(local.LastIndexOf(':') + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture) == port)
                    inodes.Add($"socket:[{fields[9]}]");
            }
        }
        if (inodes.Count == 0) return null;
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
        {
            try
            {
                foreach (string descriptor in Directory.EnumerateFiles(process + "/fd"))
                {
                    if (File.ResolveLinkTarget(descriptor, false) is { } target && inodes.Contains(Path.GetFileName(target.FullName)))
                        return $"{NameOf(process)} (pid {Path.GetFileName(process)})";
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The process belongs to another user, or it has just ended. It cannot be named.
            }
        }
        return "a process of another user";
    }

    /// <summary>
    /// The name of a process. For a program that the dotnet host runs, it is the name of the program, because "dotnet" says little.
    /// </summary>
    private static string NameOf(string process)
    {
        string name = File.ReadAllText(process + "/comm").Trim();
        string? program = File.ReadAllText(process + "/cmdline").Split('\0')
            .FirstOrDefault(a => a.EndsWith(".dll", StringComparison.Ordinal));
        return program is null ? name : Path.GetFileNameWithoutExtension(program);
    }
}
