using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>
/// A container of an image as an engine would run it: its entry point, user, working folder and environment, a root file system that nobody
/// can write to, and a network of its own. It has no limit of memory or processor time, and sees the processes of the machine.
/// </summary>
internal sealed class RunningContainer : IAsyncDisposable
{
    /// <summary>
    /// Mounts what an engine mounts. Then everything is read-only: the image, and what an engine adds to it, except the devices.
    /// </summary>
    private const string Script = """
        set -e
        r=$1 hosts=$2 name=$3
        shift 3
        echo "$name" >/proc/sys/kernel/hostname
        mount --bind "$r" "$r"
        mount -t proc proc "$r/proc"
        mount -t tmpfs -o mode=755 tmpfs "$r/dev"
        for d in null zero full random urandom; do : >"$r/dev/$d"; mount --bind "/dev/$d" "$r/dev/$d"; done
        mkdir "$r/dev/shm"
        mount -t tmpfs -o mode=1777 tmpfs "$r/dev/shm"
        mount --bind "$hosts" "$r/etc/hosts"
        mount -o remount,bind,ro "$r"
        exec "$@"
        """;

    private readonly Buildah _buildah;
    private readonly string _name;
    private readonly string _hosts;
    private readonly Process _process;
    private readonly StringBuilder _said = new();

    private RunningContainer(Buildah buildah, string name, string hosts, Process process, NetworkNamespace network)
    {
        _buildah = buildah;
        _name = name;
        _hosts = hosts;
        _process = process;
        Network = network;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public NetworkNamespace Network { get; }
    public int Pid => _process.Id;

    public string Said
    {
        get { lock (_said) return _said.ToString(); }
    }

    /// <summary>The ports of its network that have a listener on all addresses. The platform cannot reach a port on one address
    /// alone.</summary>
    public IReadOnlyList<int> OpenPorts => [.. ListeningSockets.Of(Pid)
        .Where(s => s.Address.Equals(IPAddress.Any) || s.Address.Equals(IPAddress.IPv6Any)).Select(s => s.Port).Distinct().Order()];

    /// <summary>The user and group ids of the process, as proc(5) shows them: real, effective, saved, file system.</summary>
    public (string Users, string Groups) Ids
    {
        get
        {
            string[] status = File.ReadAllLines($"/proc/{Pid}/status");
            string Line(string name) => status.First(l => l.StartsWith(name + ":\t", StringComparison.Ordinal))[(name.Length + 2)..];
            return (Line("Uid"), Line("Gid"));
        }
    }

    /// <param name="settings">What the deployment adds to the environment of the image, with <c>HOSTNAME</c>.</param>
    /// <param name="names">Names of other apps, which the platform's DNS has. They lead to this container's loopback.</param>
    public static async Task<RunningContainer> StartAsync(
        Buildah buildah, BuiltImage image, IReadOnlyDictionary<string, string> settings, params string[] names)
    {
        (string name, string root) = await buildah.MountAsync(image.Tag);
        string hosts = Path.GetTempFileName();
        await File.WriteAllTextAsync(hosts, $"127.0.0.1 localhost {string.Join(' ', names)}\n");
        File.SetUnixFileMode(hosts, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        var environment = new Dictionary<string, string>(image.Environment, StringComparer.Ordinal);
        foreach ((string variable, string value) in settings) environment[variable] = value;
        (string user, string group) = UserOf(image.User, root);
        NetworkNamespace network = NetworkNamespace.TryCreate() ?? throw new InvalidOperationException(NetworkNamespace.WhyNot);
        // Each of these programs replaces itself by the next, so the process is the program of the image.
        Process process = Process.Start(new ProcessStartInfo("nsenter",
        [
            "--net=" + network.FilePath, "unshare", "--mount", "--uts", "sh", "-c", Script, "sh", root, hosts, settings["HOSTNAME"],
            "setpriv", "--clear-groups", "/usr/bin/env", "-i", .. environment.Select(e => $"{e.Key}={e.Value}"),
            "/usr/bin/unshare", $"--root={root}", $"--wd={image.WorkingFolder}", $"--setgid={group}", $"--setuid={user}",
            .. image.EntryPoint,
        ]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        return new RunningContainer(buildah, name, hosts, process, network);
    }

    /// <summary>Waits until <paramref name="path"/> answers with 200, as the probes of the platform do.</summary>
    public Task AnswersAsync(int port, string path) => Wait.UntilAsync(async () => _process.HasExited
        ? throw new InvalidOperationException($"{_name} ended with {_process.ExitCode}: {Said}")
        : await StatusAsync(port, path) == "200", $"{_name} answers at {path}", TimeSpan.FromMinutes(1));

    /// <returns>The exit code, or null if it did not end in time.</returns>
    public async Task<int?> EndAsync(int signal, TimeSpan limit)
    {
        RunningCommand.Signal(Pid, signal);
        using var cancellation = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(cancellation.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Network.Dispose();
        File.Delete(_hosts);
        await _buildah.RunAsync("rm", _name);
    }

    /// <summary>An engine looks in the image for the group of a user, and for the id of a name.</summary>
    private static (string User, string Group) UserOf(string user, string root)
    {
        if (user.Length == 0) return ("0", "0");
        string[][] users = [.. File.ReadLines(root + "/etc/passwd").Select(l => l.Split(':')).Where(f => f.Length > 3)];
        string[]? entry = users.FirstOrDefault(f => f[0] == user || f[2] == user);
        return (entry?[2] ?? user, entry?[3] ?? "0");
    }

    private async Task<string?> StatusAsync(int port, string path)
    {
        try
        {
            using Socket socket = Network.CreateSocket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\n\r\n"));
            byte[] answer = new byte[64];
            int length = await socket.ReceiveAsync(answer);
            return Encoding.ASCII.GetString(answer, 0, length).Split(' ').ElementAtOrDefault(1);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private void Note(string? line)
    {
        lock (_said) _said.AppendLine(line);
    }
}
