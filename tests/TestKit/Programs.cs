using System.Diagnostics;

namespace Dapr.Voice.TestKit;

/// <summary>Runs programs of the machine to their end.</summary>
public static class Programs
{
    /// <returns>
    /// The full path of a program on the PATH, or null. The folders of system tools are searched too, because the PATH of an unprivileged
    /// user often lacks them.
    /// </returns>
    public static string? Find(string name)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program without standard input and waits for its end.</summary>
    /// <exception cref="TimeoutException">
    /// The program took longer than <paramref name="limit"/>. The program and its children are killed.
    /// </exception>
    public static async Task<ProgramResult> RunAsync(ProcessStartInfo start, TimeSpan limit)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        string command = string.Join(' ', [start.FileName, .. start.ArgumentList]);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} does not start");
        process.StandardInput.Close();
        using var cancellation = new CancellationTokenSource(limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellation.Token);
        try
        {
            await process.WaitForExitAsync(cancellation.Token);
            return new ProgramResult(command, process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"'{command}' took longer than {limit.TotalSeconds:0} s");
        }
    }

    /// <summary>As the other overload, for a program that needs no environment of its own.</summary>
    public static Task<ProgramResult> RunAsync(TimeSpan limit, string program, params string[] arguments)
        => RunAsync(new ProcessStartInfo(program, arguments), limit);
}

/// <summary>The exit code of a program that ended, and everything it wrote.</summary>
public sealed record ProgramResult(string Command, int ExitCode, string Output, string Errors)
{
    /// <returns>Standard output.</returns>
    /// <exception cref="InvalidOperationException">
    /// The exit code is not 0. The message has what the program wrote to standard error.
    /// </exception>
    public string Succeeded()
        => ExitCode == 0 ? Output : throw new InvalidOperationException($"'{Command}' ended with {ExitCode}: {Errors.Trim()}");
}
