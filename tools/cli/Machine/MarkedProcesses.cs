using System.Diagnostics;
using System.Globalization;
using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Machine;

/// <summary>
/// A program and everything that it starts, directly or not. Each process inherits a variable of the environment that no other run has, so
/// that those are found, too,
/// whose parents have ended: a system started with <c>./voice up --detach</c>, or a command under <c>setsid</c>.
/// </summary>
internal sealed class MarkedProcesses
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10), Poll = TimeSpan.FromMilliseconds(50);

    // A run inside of another run has both marks.
    private readonly string _mark = string.Create(CultureInfo.InvariantCulture, $"VOICE_RUN_{Environment.ProcessId}_{Guid.NewGuid():N}");

    /// <summary>Runs a program to its end. When it is cancelled, nothing of what it started is left.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled, and everything has ended.</exception>
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

    /// <summary>Asks with SIGTERM, so that tests remove their network namespaces and systems their state; then uses SIGKILL.</summary>
    private async Task EndAllAsync()
    {
        var watch = Stopwatch.StartNew();
        var asked = new HashSet<int>();
        while (true)
        {
            IReadOnlyList<int> left = Find();
            if (left.Count == 0) return;
            // A process that ends may start another, so each round looks again. One that the kernel does not let go after all this is not
            // ours to wait for.
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
                // It has ended meanwhile, or belongs to another user.
            }
        }
        return found;
    }

    // The compiler's server is meant to outlive the build that started it, and serves the builds of others.
    private static bool ServesOthers(string folder)
        => File.ReadAllText($"{folder}/cmdline").Contains("VBCSCompiler", StringComparison.Ordinal);
}
