using System.ComponentModel;
using System.Diagnostics;

namespace Dapr.Voice.Hooks;

/// <summary>Runs one program of the machine, found by the hook's own PATH. Its output stays in memory.</summary>
internal sealed class CommandLine
{
    private readonly HookContext _context;
    private readonly string _path;

    private CommandLine(HookContext context, string path) => (_context, _path) = (context, path);

    /// <exception cref="HookFailure">The program is not on the PATH.</exception>
    public static CommandLine Require(HookContext context, string program, string fix)
        => new(context, Find(program, context.Optional("PATH") ?? "", OperatingSystem.IsWindows() ? context.Optional("PATHEXT")
            ?? ".EXE;.CMD;.BAT" : null)
            ?? throw new HookFailure($"'{program}' is not on the PATH", fix));

    /// <param name="extensions">The value of PATHEXT on Windows, where <c>az</c> is a batch file. Null elsewhere.</param>
    /// <returns>The first match in the order of the PATH, or null.</returns>
    internal static string? Find(string program, string path, string? extensions)
    {
        string[] names = extensions is null ? [program]
            : [.. extensions.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(e => program + e.ToLowerInvariant())];
        char separator = extensions is null ? ':' : ';';
        return path.Split(separator, StringSplitOptions.RemoveEmptyEntries).SelectMany(_ => names, (folder, name)
            => Path.Combine(folder.Trim('"'), name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs the program to its end. A cancelled call ends the program with its children.</summary>
    public async Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(_path, arguments)
        { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false,
            WorkingDirectory = _context.RepositoryRoot };
        start.Environment.Clear();
        foreach ((string name, string value) in _context.Environment) start.Environment[name] = value;
        using Process process = Start(start);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None),
            errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return new CommandResult(process.ExitCode, await output, await errors);
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new HookFailure($"'{_path}' does not start", "run it by hand to see why");
        }
        catch (Win32Exception exception)
        {
            throw new HookFailure($"'{_path}' does not start: {exception.Message}", "run it by hand to see why");
        }
    }
}

/// <param name="Errors">What the program wrote to standard error.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>The first line of the errors, at most 300 characters. az names things there and never a value.</summary>
    public string Reason
    {
        get
        {
            string line = Errors.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0) ?? $"exit code {ExitCode}";
            if (line.StartsWith("ERROR:", StringComparison.Ordinal)) line = line["ERROR:".Length..].TrimStart();
            return line.Length > 300 ? line[..300] : line;
        }
    }
}
