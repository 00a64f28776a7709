using System.Diagnostics;
using System.Globalization;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>
/// A network of our own, from which nothing can leave and whose ports are all free: loopback, and 10.99.0.1 on a pair of virtual
/// cards, since Firefox refuses loopback candidates.
/// </summary>
internal sealed class NetworkNamespace : IAsyncDisposable
{
    public const string Address = "10.99.0.1";

    private const string NamePrefix = "voice-browser-";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly Lazy<string?> Hindrance = new(Probe);

    private readonly string _ip;

    private NetworkNamespace(string ip, string name) => (_ip, Name) = (ip, name);

    /// <summary>Why this machine can't make one; null where it can.</summary>
    public static string? WhyNot => Hindrance.Value;

    public string Name { get; }

    public IReadOnlyList<string> Enter => [_ip, "netns", "exec", Name];

    /// <param name="purpose">Tells several of one test host apart.</param>
    public static async Task<NetworkNamespace> CreateAsync(string purpose)
    {
        string ip = Tools.Find("ip")!;
        await RemoveAbandonedAsync(ip);
        var network = new NetworkNamespace(
            ip, string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{Environment.ProcessId}-{purpose}"));
        await network.IpAsync("netns", "add", network.Name);
        try
        {
            await network.InsideAsync("link", "set", "lo", "up");
            await network.InsideAsync("link", "add", "voice0", "type", "veth", "peer", "name", "voice1");
            await network.InsideAsync("address", "add", Address + "/24", "dev", "voice0");
            await network.InsideAsync("link", "set", "voice1", "up");
            await network.InsideAsync("link", "set", "voice0", "up");
            // Browsers ask the kernel for the way to a far address to learn their own.
            await network.InsideAsync("route", "add", "default", "dev", "voice0");
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
        return network;
    }

    /// <summary>Ends what still runs inside, then the namespace.</summary>
    public async ValueTask DisposeAsync() => await RemoveAsync(_ip, Name);

    /// <summary>A test host that was killed could not clean up: its namespace carries its process id.</summary>
    private static async Task RemoveAbandonedAsync(string ip)
    {
        foreach (string line in (await Tools.RunAsync(Limit, [ip, "netns", "list"])).Split('\n'))
        {
            string name = line.Split(' ')[0];
            if (!name.StartsWith(NamePrefix, StringComparison.Ordinal)) continue;
            if (int.TryParse(name[NamePrefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int owner)
                && !Directory.Exists($"/proc/{owner}")) await RemoveAsync(ip, name);
        }
    }

    private static async Task RemoveAsync(string ip, string name)
    {
        foreach (string line in (await Tools.RunAsync(Limit, [ip, "netns", "pids", name])).Split(
            '\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                using var left = Process.GetProcessById(int.Parse(line, CultureInfo.InvariantCulture));
                left.Kill();
                await left.WaitForExitAsync().WaitAsync(Limit);
            }
            catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
            {
                // It ended by itself.
            }
        }
        await Tools.RunAsync(Limit, [ip, "netns", "delete", name]);
    }

    private static string? Probe()
    {
        if (Tools.Find("ip") is not { } ip) return "network namespaces need the package iproute2";
        if (!string.Equals(Environment.UserName, "root", StringComparison.Ordinal)) return "network namespaces need root";
        string name = $"voice-probe-{Environment.ProcessId}";
        try
        {
            Tools.RunAsync(Limit, [ip, "netns", "add", name]).GetAwaiter().GetResult();
            Tools.RunAsync(Limit, [ip, "netns", "delete", name]).GetAwaiter().GetResult();
            return null;
        }
        catch (Exception refused) when (refused is InvalidOperationException or TimeoutException)
        {
            return $"this machine makes no network namespace ({refused.Message})";
        }
    }

    private Task<string> IpAsync(params string[] arguments) => Tools.RunAsync(Limit, [_ip, .. arguments]);

    private Task<string> InsideAsync(params string[] arguments) => Tools.RunAsync(Limit, [_ip, "-n", Name, .. arguments]);
}
