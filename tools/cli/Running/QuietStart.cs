using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// Lets a process start at a low priority, because starting takes seconds of processor time, and calls are served beside it. Only root may
/// raise the priority again, so only root can use it. Any thread.
/// </summary>
internal static class QuietStart
{
    private const int LowPriority = 10;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200), Limit = TimeSpan.FromSeconds(20);

    /// <summary>The words before the command.</summary>
    public static string[] Launcher { get; } = ["/usr/bin/nice", "-n", LowPriority.ToString(CultureInfo.InvariantCulture)];

    public static bool IsPossible => Environment.IsPrivilegedProcess && File.Exists(Launcher[0]);

    /// <summary>Raises the priority when the process is ready, or after 20 s.</summary>
    /// <param name="readyUrl">Null if nobody can tell. The time decides then.</param>
    public static async Task EndAsync(int pid, string? readyUrl)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        string? url = readyUrl?.Replace("/healthz", "/readyz", StringComparison.Ordinal);
        using var limit = new CancellationTokenSource(Limit);
        while (!limit.IsCancellationRequested)
        {
            await Task.Delay(Look, CancellationToken.None);
            try
            {
                if (url is null) continue;
                using HttpResponseMessage answer = await client.GetAsync(url, limit.Token);
                if (answer.IsSuccessStatusCode) break;
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                // It does not listen yet.
            }
        }
        // A thread that starts meanwhile has the priority of the one that starts it, so the second round finds those.
        for (int round = 0; round < 2; round++) Raise(pid);
    }

    private static void Raise(int pid)
    {
        try
        {
            foreach (string task in Directory.GetDirectories($"/proc/{pid}/task"))
            {
                uint thread = uint.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture);
                // The field after the priority (proc_pid_stat(5)). Threads of media have raised themselves.
                string[] fields = File.ReadAllText(task + "/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[16] == Launcher[2]) LibC.setpriority(LibC.PRIO_PROCESS, thread, 0);
            }
        }
        catch (IOException)
        {
            // The process or one of its threads has ended.
        }
    }
}
