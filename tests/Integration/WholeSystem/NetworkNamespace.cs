using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dapr.Voice.Native;
using Microsoft.Win32.SafeHandles;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// A network of its own for one system under test (network_namespaces(7)): its ports collide with nobody's, and what is left in it at the
/// end was left by that system. Needs root; elsewhere <see cref="TryCreate"/> gives null and the system shares the machine's ports.
/// </summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;
    private const string Folder = "/var/run/netns/";
    private const string Prefix = "voice-test-";
    private static int s_count;

    private readonly string _name;
    private readonly string _inode;

    private NetworkNamespace(string name)
    {
        _name = name;
        _inode = Run("/usr/bin/nsenter", $"--net={FilePath}", "/usr/bin/readlink", "/proc/self/ns/net").Trim();
    }

    /// <summary>For <c>nsenter --net=…</c>, which replaces itself by the command: pid and signals are the command's.</summary>
    public string FilePath => Folder + _name;

    public static NetworkNamespace? TryCreate()
    {
        if (Environment.UserName != "root" || !File.Exists("/usr/bin/nsenter")) return null;
        string name = $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        try
        {
            RemoveLeftOvers();
            Run("ip", "netns", "add", name);
            Run("ip", "-n", name, "link", "set", "lo", "up");
            return new NetworkNamespace(name);
        }
        catch (Exception failure) when (failure is InvalidOperationException or global::System.ComponentModel.Win32Exception)
        {
            // No iproute2, or root without the capability, as in many containers.
            return null;
        }
    }

    /// <summary>A socket made on a thread that is inside stays inside, whoever uses it.</summary>
    public Socket CreateSocket(SocketType type, ProtocolType protocol)
    {
        Socket? made = null;
        Run(() => made = new Socket(AddressFamily.InterNetwork, type, protocol));
        return made!;
    }

    /// <summary>Runs something on a thread that is inside.</summary>
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
        // The thread ends here, so that nobody else is taken into the namespace.
        thread.Start();
        thread.Join();
        if (failed is not null) throw new InvalidOperationException("Failed in the namespace.", failed);
    }

    /// <summary>A cable between this network and another, each end with its address of 24 bits' prefix.</summary>
    public void ConnectTo(NetworkNamespace other, string ownAddress, string otherAddress)
    {
        const string Here = "voice-a", There = "voice-b";
        Run("ip", "link", "add", Here, "netns", _name, "type", "veth", "peer", "name", There, "netns", other._name);
        foreach ((string name, string? device, string? address) in new[] { (_name, Here, ownAddress), (other._name, There, otherAddress) })
        {
            Run("ip", "-n", name, "address", "add", address + "/24", "dev", device);
            Run("ip", "-n", name, "link", "set", device, "up");
        }
    }

    /// <summary>
    /// Takes its address away from an end of <see cref="ConnectTo"/>: what comes to it gets no answer, not even a refusal.
    /// </summary>
    public void Vanish(string address) => Run("ip", "-n", _name, "address", "delete", address + "/24", "dev", "voice-b");

    /// <summary>Pids of all processes whose network this is.</summary>
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
                // It has ended meanwhile.
            }
        }
        return pids;
    }

    public void Dispose() => Run("ip", "netns", "delete", _name);

    /// <summary>What a test run that was killed left behind: its namespaces, and the systems in them.</summary>
    private static void RemoveLeftOvers()
    {
        if (!Directory.Exists(Folder)) return;
        foreach (string name in Directory.EnumerateFiles(Folder, Prefix + "*").Select(f => Path.GetFileName(f)))
        {
            if (Directory.Exists("/proc/" + name[Prefix.Length..].Split('-')[0])) continue;
            var left = new NetworkNamespace(name);
            foreach (int pid in left.Processes()) _ = LibC.kill(pid, LibC.SIGKILL);
            left.Dispose();
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true,
            RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(
            $"{program} {string.Join(' ', arguments)}: {error.Trim()}");
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle file, int kind);
}
