using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Microsoft.Win32.SafeHandles;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>
/// A network for one system under test (network_namespaces(7)). All its ports are free, nothing can leave it, and what is left in it at the
/// end was left by that system. It needs root. Elsewhere <see cref="TryCreate"/> returns null, and the system shares the machine's ports.
/// </summary>
public sealed partial class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;
    private const string Folder = "/var/run/netns/";
    private const string Prefix = "voice-test-";
    private const string NsEnter = "/usr/bin/nsenter";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly Lazy<string?> Hindrance = new(Probe);
    private static int s_count;

    private readonly string _name;
    private readonly string _inode;

    private NetworkNamespace(string name)
    {
        _name = name;
        _inode = Run(NsEnter, $"--net={FilePath}", "/usr/bin/readlink", "/proc/self/ns/net").Trim();
    }

    /// <summary>Why this machine can't make a network namespace, or null if it can.</summary>
    public static string? WhyNot => Hindrance.Value;

    /// <summary>The argument of <c>nsenter --net=…</c>, which replaces itself by the command: pid and signals are the command's.</summary>
    public string FilePath => Folder + _name;

    /// <summary>The words to put before a command so that it runs in this network.</summary>
    public IReadOnlyList<string> Enter => [NsEnter, "--net=" + FilePath];

    /// <returns>A namespace that has loopback only; null where <see cref="WhyNot"/> says why.</returns>
    public static NetworkNamespace? TryCreate()
    {
        if (WhyNot is not null) return null;
        RemoveLeftOvers();
        return Create();
    }

    /// <summary>Returns a socket that stays in this network, whichever thread uses it.</summary>
    public Socket CreateSocket(SocketType type, ProtocolType protocol, AddressFamily family = AddressFamily.InterNetwork)
    {
        Socket? made = null;
        Run(() => made = new Socket(family, type, protocol));
        return made!;
    }

    /// <summary>Runs <paramref name="action"/> on a thread that is in this network.</summary>
    public void Run(Action action)
    {
        Exception? failed = null;
        var thread = new Thread(() =>
        {
            try
            {
                using SafeFileHandle file = File.OpenHandle(FilePath);
                if (SetNamespace(file, CloneNewNet) != 0)
                    throw new InvalidOperationException($"setns: error {Marshal.GetLastPInvokeError()}");
                action();
            }
            catch (Exception failure)
            {
                failed = failure;
            }
        });
        // The thread ends here, so that no other work is done in the namespace by mistake.
        thread.Start();
        thread.Join();
        if (failed is not null) throw new InvalidOperationException("Failed in the namespace.", failed);
    }

    /// <summary>Adds a network card (a veth pair) with this address, a prefix of 24 bits, and the default route.</summary>
    public void AddCard(string address)
    {
        Run("ip", "-n", _name, "link", "add", "voice0", "type", "veth", "peer", "name", "voice1");
        Run("ip", "-n", _name, "address", "add", address + "/24", "dev", "voice0");
        Run("ip", "-n", _name, "link", "set", "voice1", "up");
        Run("ip", "-n", _name, "link", "set", "voice0", "up");
        Run("ip", "-n", _name, "route", "add", "default", "dev", "voice0");
    }

    /// <summary>Replaces the address of the card of <see cref="AddCard"/>.</summary>
    public void ChangeAddress(string from, string to)
    {
        Run("ip", "-n", _name, "address", "delete", from + "/24", "dev", "voice0");
        Run("ip", "-n", _name, "address", "add", to + "/24", "dev", "voice0");
        // The route has gone with the last address.
        Run("ip", "-n", _name, "route", "replace", "default", "dev", "voice0");
    }

    /// <summary>
    /// Lays a cable between this network and another. Each end gets its address, with a prefix of 24 bits (IPv4) or 64 bits (IPv6).
    /// </summary>
    public void ConnectTo(NetworkNamespace other, string ownAddress, string otherAddress)
    {
        const string Here = "voice-a", There = "voice-b";
        Run("ip", "link", "add", Here, "netns", _name, "type", "veth", "peer", "name", There, "netns", other._name);
        foreach ((string name, string device, string address) in new[] { (_name, Here, ownAddress), (other._name, There, otherAddress) })
        {
            // nodad: an IPv6 address is usable at once, and not after a second in which the kernel asks whether another host has it.
            string[] add = address.Contains(':', StringComparison.Ordinal) ? [address + "/64", "dev", device, "nodad"]
                : [address + "/24", "dev", device];
            Run("ip", ["-n", name, "address", "add", .. add]);
            Run("ip", "-n", name, "link", "set", device, "up");
        }
    }

    /// <summary>
    /// Removes the address of the far end of <see cref="ConnectTo"/>. Packets to that address get no answer, not even a refusal.
    /// </summary>
    public void Vanish(string address) => Run("ip", "-n", _name, "address", "delete", address + "/24", "dev", "voice-b");

    /// <summary>The pids of all processes in this network.</summary>
    public IReadOnlyList<int> Processes()
    {
        var pids = new List<int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int pid)) continue;
            try
            {
                if (new FileInfo($"{folder}/ns/net").LinkTarget == _inode) pids.Add(pid);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The process has ended.
            }
        }
        return pids;
    }

    /// <summary>Kills what still runs in this network, and removes it.</summary>
    public void Dispose()
    {
        foreach (int pid in Processes()) _ = LibC.kill(pid, LibC.SIGKILL);
        Run("ip", "netns", "delete", _name);
    }

    /// <summary>Removes what a killed test run left: its namespaces, and the systems in them. A name carries the test host's pid.</summary>
    private static void RemoveLeftOvers()
    {
        if (!Directory.Exists(Folder)) return;
        foreach (string name in Directory.EnumerateFiles(Folder, Prefix + "*").Select(f => Path.GetFileName(f)))
        {
            if (!Directory.Exists("/proc/" + name[Prefix.Length..].Split('-')[0])) new NetworkNamespace(name).Dispose();
        }
    }

    private static NetworkNamespace Create()
    {
        string name = $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        Run("ip", "netns", "add", name);
        Run("ip", "-n", name, "link", "set", "lo", "up");
        return new NetworkNamespace(name);
    }

    private static string? Probe()
    {
        if (Environment.UserName != "root") return "network namespaces need root";
        if (!File.Exists(NsEnter)) return "network namespaces need the package util-linux";
        try
        {
            Create().Dispose();
            return null;
        }
        catch (Win32Exception)
        {
            return "network namespaces need the package iproute2";
        }
        catch (InvalidOperationException failure)
        {
            // Root without the capability, as in many containers.
            return $"this machine makes no network namespace ({failure.Message})";
        }
    }

    private static string Run(string program, params string[] arguments)
        => Task.Run(() => Programs.RunAsync(Limit, program, arguments)).GetAwaiter().GetResult().Succeeded();

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle file, int kind);
}
