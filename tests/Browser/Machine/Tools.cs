using System.Diagnostics;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>Programs that the tests run, and where the repository is.</summary>
internal static class Tools
{
    /// <summary>The repository's root: VOICE_ROOT, or the folder above this assembly that has the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Screenshots and logs of the last run.</summary>
    public static string Results => Directory.CreateDirectory(Path.Combine(Root, ".voice", "test-results", "browser")).FullName;

    /// <returns>The full path, or null. The places of system tools are searched too: an unprivileged PATH often lacks them.</returns>
    public static string? Find(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <returns>Standard output. Throws with what the program said when it fails or takes longer than <paramref name="limit"/>.</returns>
    public static async Task<string> RunAsync(TimeSpan limit, IReadOnlyList<string> command, string? workingFolder = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        if (workingFolder is not null) start.WorkingDirectory = workingFolder;
        foreach ((string name, string value) in environment
            ?? new Dictionary<string, string>(StringComparer.Ordinal)) start.Environment[name] = value;
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} does not start");
        process.StandardInput.Close();
        using var cancellation = new CancellationTokenSource(limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation.Token);
        try
        {
            await process.WaitForExitAsync(cancellation.Token);
            await Task.WhenAll(output, errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{string.Join(' ', command)}' took longer than {limit.TotalSeconds:0} s");
        }
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"'{string.Join(' ', command)}' ended with {process.ExitCode}: {(await errors).Trim()}");
        return await output;
    }

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("VOICE_ROOT") is { Length: > 0 } named) return Path.GetFullPath(named);
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Dapr.Voice.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException("These tests run inside the repository.");
    }
}
