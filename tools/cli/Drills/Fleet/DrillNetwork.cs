using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Native;
using Microsoft.Win32.SafeHandles;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>
/// Two networks of a drill with a cable between them (network_namespaces(7), veth(4)): one for the fleet, one for its callers. All ports in
/// them are free, and nothing leaves them. Making them needs root.
/// </summary>
internal sealed class DrillNetwork
{
    /// <summary>The fleet's end of the cable, and the addresses of the callers' end.</summary>
    public const string FleetAddress = "10.78.0.1", CallerAddress = "10.78.0.2", OtherCallerAddress = "10.78.0.3",
        StrangerAddress = "10.78.0.4";

    private const string Folder = "/var/run/netns/", Prefix = "voice-drill-", NsEnter = "/usr/bin/nsenter";
    private const string FleetCard = "voice-f", CallersCard = "voice-c";

    private DrillNetwork(string fleet, string callers) => (Fleet, Callers) = (fleet, callers);

    /// <summary>The name of the fleet's namespace.</summary>
    public string Fleet { get; }
    public string Callers { get; }

    /// <summary>The words to put before a command so that it runs in the fleet's network.</summary>
    public IReadOnlyList<string> EnterFleet => [NsEnter, "--net=" + Folder + Fleet];
    public IReadOnlyList<string> EnterCallers => [NsEnter, "--net=" + Folder + Callers];

    /// <summary>Networks that another process has made.</summary>
    public static DrillNetwork Adopt(string fleet, string callers) => new(fleet, callers);

    /// <exception cref="CommandFailedException">The machine or its user can't make networks. The message says what is missing.</exception>
    public static DrillNetwork Create()
    {
        if (Environment.UserName != "root")
            throw new CommandFailedException("a drill makes network namespaces, which needs root", "sudo ./voice drill …");
        if (!File.Exists(NsEnter))
            throw new CommandFailedException("a drill needs nsenter", "sudo apt-get update && sudo apt-get install -y util-linux");
        RemoveLeftOvers();
        var network = new DrillNetwork($"{Prefix}{Environment.ProcessId}-fleet", $"{Prefix}{Environment.ProcessId}-callers");
        try
        {
            foreach (string name in new[] { network.Fleet, network.Callers })
            {
                Run("ip", "netns", "add", name);
                Run("ip", "-n", name, "link", "set", "lo", "up");
            }
            Run("ip", "link", "add", FleetCard, "netns", network.Fleet, "type", "veth", "peer", "name", CallersCard, "netns",
                network.Callers);
            Run("ip", "-n", network.Fleet, "address", "add", FleetAddress + "/24", "dev", FleetCard);
            foreach (string address in new[] { CallerAddress, OtherCallerAddress, StrangerAddress })
                Run("ip", "-n", network.Callers, "address", "add", address + "/24", "dev", CallersCard);
            Run("ip", "-n", network.Fleet, "link", "set", FleetCard, "up");
            Run("ip", "-n", network.Callers, "link", "set", CallersCard, "up");
            // A browser asks the kernel for the route to a far address to learn its own.
            Run("ip", "-n", network.Callers, "route", "add", "default", "via", FleetAddress);
            return network;
        }
        catch (Win32Exception)
        {
            throw new CommandFailedException("a drill needs the program ip", "sudo apt-get update && sudo apt-get install -y iproute2");
        }
        catch
        {
            network.Remove();
            throw;
        }
    }

    public void Remove()
    {
        foreach (string name in new[] { Fleet, Callers }.Where(n => File.Exists(Folder + n))) Run("ip", "netns", "delete", name);
    }

    /// <summary>Opens a UDP socket in the callers' network.</summary>
    public Socket OpenCallerSocket(string address = CallerAddress)
    {
        Socket? opened = null;
        InCallersNetwork(() =>
        {
            opened = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) {
                Blocking = false, ReceiveBufferSize = 1 << 20 };
            opened.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        });
        return opened!;
    }

    /// <summary>Runs <paramref name="action"/> on a thread of its own that is in the callers' network.</summary>
    public void InCallersNetwork(Action action)
    {
        Exception? failed = null;
        var thread = new Thread(() =>
        {
            try
            {
                using SafeFileHandle file = File.OpenHandle(Folder + Callers);
                if (LibC.setns(file, LibC.CLONE_NEWNET) != 0)
                    throw new CommandFailedException($"the callers' network can't be entered: error {Marshal.GetLastPInvokeError()}");
                action();
            }
            catch (Exception failure)
            {
                failed = failure;
            }
        });
        // The thread ends here, so that no other work is done in that network by mistake.
        thread.Start();
        thread.Join();
        if (failed is not null) throw new CommandFailedException(failed.Message);
    }

    /// <summary>
    /// From now on packets from and to these ports vanish in the fleet's network, without an answer. This process must be in that network.
    /// </summary>
    /// <exception cref="CommandFailedException">There is no iptables.</exception>
    public static void Cut(string protocol, int firstPort, int lastPort) => Filter("-A", protocol, firstPort, lastPort);

    /// <summary>Undoes <see cref="Cut"/>.</summary>
    public static void Mend(string protocol, int firstPort, int lastPort) => Filter("-D", protocol, firstPort, lastPort);

    private static void Filter(string change, string protocol, int firstPort, int lastPort)
    {
        try
        {
            foreach (string side in new[] { "--dport", "--sport" })
                Run("iptables", "-w", change, "INPUT", "-p", protocol, side, $"{firstPort}:{lastPort}", "-j", "DROP");
        }
        catch (Win32Exception)
        {
            throw new CommandFailedException("a partition needs iptables", "sudo apt-get update && sudo apt-get install -y iptables");
        }
    }

    /// <summary>Removes what a killed run left. A name has the pid of the run.</summary>
    private static void RemoveLeftOvers()
    {
        if (!Directory.Exists(Folder)) return;
        foreach (string name in Directory.EnumerateFiles(Folder, Prefix + "*").Select(f => Path.GetFileName(f)))
        {
            if (!Directory.Exists("/proc/" + name[Prefix.Length..].Split('-')[0])) Run("ip", "netns", "delete", name);
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) {
            RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(start) ?? throw new CommandFailedException($"{program} does not start");
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new CommandFailedException($"{program} {string.Join(' ', arguments)}: {error.Trim()}",
                "this machine makes no network namespaces, as root in many containers; run the drill on a virtual machine");
    }
}
