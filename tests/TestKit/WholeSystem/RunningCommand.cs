using System.Diagnostics;
using System.Text;
using Dapr.Voice.Native;
using Xunit;

namespace Dapr.Voice.TestKit.WholeSystem;

/// <summary>A command that runs. Disposing kills it.</summary>
public sealed class RunningCommand : IDisposable
{
    public const int Interrupt = 2;
    public const int Stop = 19;
    public const int Continue = 18;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly string _command;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    public RunningCommand(ProcessStartInfo start, string command)
    {
        _command = command;
        // A script's background job ignores SIGINT, and so would everything that it starts.
        start.ArgumentList.Insert(0, "--default-signal=INT");
        start.ArgumentList.Insert(1, start.FileName);
        start.FileName = "env";
        start.UseShellExecute = false;
        start.RedirectStandardOutput = start.RedirectStandardError = start.RedirectStandardInput = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Add(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Add(_error, line.Data);
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;

    public string OutputSoFar
    {
        get { lock (_output) return _output.ToString(); }
    }

    public string ErrorSoFar
    {
        get { lock (_error) return _error.ToString(); }
    }

    public static void Signal(int pid, int signal) => Assert.Equal(0, LibC.kill(pid, signal));

    public Task SaysAsync(string text)
        => Wait.UntilAsync(() => OutputSoFar.Contains(text, StringComparison.Ordinal) || EndedEarly(), $"'{_command}' says '{text}'");

    public Task SaysOnErrorAsync(string text)
        => Wait.UntilAsync(() => ErrorSoFar.Contains(text, StringComparison.Ordinal) || EndedEarly(), $"'{_command}' says '{text}'");

    /// <summary>Waits until a <c>call</c> is connected.</summary>
    /// <returns>The call's id.</returns>
    public async Task<string> ConnectedAsync()
    {
        const string Announcement = ": connected";
        await Wait.UntilAsync(() => ErrorSoFar.Contains(Announcement, StringComparison.Ordinal) || EndedEarly(),
            $"'{_command}' is connected");
        return ErrorSoFar.Split('\n').First(l => l.EndsWith(Announcement, StringComparison.Ordinal))["call ".Length..^Announcement.Length];
    }

    public async Task<CommandResult> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"'voice {_command}' did not end within {Limit.TotalSeconds:0} s\n{OutputSoFar}\n{ErrorSoFar}");
        }
        return new CommandResult(_command, _process.ExitCode, OutputSoFar, ErrorSoFar, _watch.Elapsed);
    }

    /// <summary>Kills the command with its children, and waits until it has ended.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private bool EndedEarly()
        => _process.HasExited ? throw new InvalidOperationException(
        $"'voice {_command}' ended with {_process.ExitCode}\n{OutputSoFar}\n{ErrorSoFar}") : false;

    private static void Add(StringBuilder to, string? line)
    {
        if (line is null) return;
        lock (to) to.Append(line).Append('\n');
    }
}
