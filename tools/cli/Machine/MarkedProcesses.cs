using System.Diagnostics;
using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Machine;

/// <summary>
/// Runs a program, and can end everything that the program has started, directly or not. Each of these processes inherits an environment
/// variable that no other run has. This also finds processes whose parent has ended: a system started with <c>./voice up --detach</c>, or a
/// command under <c>setsid</c>.
/// </summary>
internal sealed class MarkedProcesses
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10), Poll = TimeSpan.FromMilliseconds(50);

    // A run inside another run has the marks of both.
    private readonly string _mark = string.Create(CultureInfo.InvariantCulture, $"VOICE_RUN_{Environment.ProcessId}_{Guid.NewGuid():N}");

    /// <summary>Runs a program to its end. After a cancellation, nothing that it started is left.</summary>
    /// <returns>The exit code of the program.</returns>
    /// <exception cref="OperationCanceledException">The run was cancelled, and everything has ended.</exception>
    public async Task<int> RunAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        start.Environment[_mark] = "1";
        using Process process = Process.Start(start) ?? throw new CommandFailedException($"{start.FileName} does not start");
        try
        {
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await EndAllAsync();
            throw;
        }
    }

    /// <summary>
    /// Sends SIGTERM first, so that tests can remove their network namespaces and systems their state. Sends SIGKILL after the grace
    /// period.
    /// </summary>
    private async Task EndAllAsync()
    {
        var watch = Stopwatch.StartNew();
        var asked = new HashSet<int>();
        while (true)
        {
            IReadOnlyList<int> left = Find();
            if (left.Count == 0) return;
            // A process that ends may start another one, so each round looks again. If the kernel still has not ended a process after all
            // this time, we do not wait for it.
            if (watch.Elapsed > 2 * Grace) return;
            foreach (int pid in left)
            {
                if (watch.Elapsed > Grace) _ = LibC.kill(pid, LibC.SIGKILL);
                else if (asked.Add(pid)) _ = LibC.kill(pid, LibC.SIGTERM);
            }
            await Task.Delay(Poll, CancellationToken.None);
        }
    }

    private List<int> Find()
    {
        var found = new List<int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)) continue;
            try
            {
                if (File.ReadAllText($"{folder}/environ").Split('\0').Any(v => v.StartsWith(_mark, StringComparison.Ordinal))
                    && !ServesOthers(folder)) found.Add(pid);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The process has ended, or it belongs to another user.
            }
        }
        return found;
    }

    // The compiler server is meant to outlive the build that started it. Other builds use it, too.
    private static bool ServesOthers(string folder)
        => File.ReadAllText($"{folder}/cmdline").Contains("VBCSCompiler", StringComparison.Ordinal);
}
