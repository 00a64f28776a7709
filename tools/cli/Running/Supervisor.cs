using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Native;
using Dapr.Voice.Udp;

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// Starts the planned processes, restarts those that end (<see cref="RestartPause"/>), and stops all of them together.
/// </summary>
internal sealed class Supervisor(Installation installation, ServicePlan plan, Action<string> say) : IAsyncDisposable
{
    /// <summary>How long each stage may take to stop.</summary>
    private static readonly TimeSpan GraceOnStop = TimeSpan.FromSeconds(5);
    // Signaling stops first, so that there are no new calls. Then the transceivers hang up, and the relay still carries that to the
    // callers. The sidecars stop last, because the other processes use them until their end.
    private static readonly Stage[] StopOrder =
        [Stage.Standby, Stage.Signaling, Stage.Transceiver, Stage.Relay, Stage.Agent, Stage.Sidecar];

    /// <summary>The pause before a process starts for which others take over. It lets them work in peace.</summary>
    private static readonly TimeSpan TakeoverPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(45);

    /// <summary>The name of the thread that starts the processes.</summary>
    public const string LauncherName = "launcher";

    private static readonly string[] EndsWithUs = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"], OwnSession = ["/usr/bin/setsid"];

    // PR_SET_PDEATHSIG is sent when the thread that started the child ends, not when its process ends (prctl(2)). Therefore one thread,
    // which lives as long as this process, starts all children.
    private readonly BlockingCollection<(PlannedProcess Process, bool IsAgain, TaskCompletionSource Done)> _launches = [];
    private Thread? _launcher;

    private readonly Lock _lock = new();
    // The fields below are guarded by _lock.
    private readonly Dictionary<string, Child> _children = new(StringComparer.Ordinal);
    private readonly HashSet<string> _held = new(StringComparer.Ordinal);
    private bool _stopping;

    private sealed class Child
    {
        public required PlannedProcess Plan { get; init; }
        public Process? Process { get; set; }
        public int Restarts { get; set; }
        public RestartPause Pause { get; } = new();
        public long LaunchedAt { get; set; }
        public required LogFile Log { get; init; }

        /// <summary>Where the present process writes.</summary>
        public Output Output { get; set; } = new();
        public HeldSockets? Held { get; set; }
    }

    /// <summary>The log of one process. It changes when the process takes the place of another.</summary>
    private sealed class Output
    {
        private volatile LogFile? _log;

        public LogFile? Log
        {
            get => _log;
            set => _log = value;
        }
    }

    /// <summary>Called with the name of a process and a line of its output, on any thread. It must not block.</summary>
    public Action<string, string>? LineWritten { get; set; }

    /// <returns>The pid of a process; null while it does not run.</returns>
    public int? PidOf(string name)
    {
        lock (_lock) return _children.TryGetValue(name, out Child? child) && child.Process is { HasExited: false } alive ? alive.Id : null;
    }

    /// <summary>From now on a process that ends is not started again.</summary>
    public void Hold(string name)
    {
        lock (_lock) _held.Add(name);
    }

    /// <summary>Starts a process that <see cref="Hold"/> kept away.</summary>
    public async Task ReleaseAsync(string name)
    {
        lock (_lock) _held.Remove(name);
        if (PidOf(name) is null) await LaunchAsync(plan.Processes.First(p => p.Name == name));
    }

    public IReadOnlyList<RunningProcess> Processes(string region)
    {
        lock (_lock)
        {
            return [.. plan.Processes.Where(p => _children.ContainsKey(p.Name)).Select(p => _children[p.Name])
                .Select(c => new RunningProcess(
                c.Plan.Name, c.Process is { HasExited: false } alive ? alive.Id : 0, region, c.Plan.Listens, c.Restarts,
                c.Log.LostLines))];
        }
    }

    public async Task StartAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(installation.Logs);
        _launcher = new Thread(RunLauncher) { IsBackground = true, Name = LauncherName };
        _launcher.Start();
        if (SharesSession) MediaThread.TryRaiseGroupOf(Environment.ProcessId);
        foreach (IGrouping<Stage, PlannedProcess>? group in plan.Processes.GroupBy(p => p.Stage).OrderBy(g => g.Key))
        {
            foreach (PlannedProcess? process in group) await LaunchAsync(process);
            await Task.WhenAll(group.Select(p => WaitUntilReadyAsync(p, cancellation)));
            // Relays and transceivers raise their own sessions. A sidecar that waits for them would let calls wait.
            foreach (int pid in group.Select(p => PidOf(p.Name)).OfType<int>())
            {
                if (LibC.getsid(pid) == pid) MediaThread.TryRaiseGroupOf(pid);
            }
        }
    }

    /// <summary>This process leads a session without a terminal, so there is no Ctrl-C that its children would get.</summary>
    private static bool SharesSession { get; } = LibC.getsid(0) == Environment.ProcessId && !HasTerminal();

    // The fifth field after the name (proc_pid_stat(5), tty_nr).
    private static bool HasTerminal() => File.ReadAllText("/proc/self/stat").Split(')')[^1].Split(' ')[5] != "0";

    private static string[] IfThere(string[] launcher) => File.Exists(launcher[0]) ? launcher : [];

    private void RunLauncher()
    {
        foreach ((PlannedProcess? process, bool isAgain, TaskCompletionSource? done) in _launches.GetConsumingEnumerable())
        {
            try
            {
                Launch(process, isAgain);
                done.SetResult();
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        }
    }

    /// <param name="isAgain">Others serve its calls meanwhile. It starts on the processor time that they leave.</param>
    private Task LaunchAsync(PlannedProcess planned, bool isAgain = false)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _launches.Add((planned, isAgain, done));
        return done.Task;
    }

    private void Launch(PlannedProcess planned, bool isAgain)
    {
        lock (_lock)
        {
            if (_stopping) return;
            if (!_children.TryGetValue(planned.Name, out Child? child))
                _children[planned.Name] = child = new Child { Plan = planned, Log = new LogFile(LogOf(planned.Name)) };
            // setpriv makes the kernel end the child when its supervisor is killed, so that nothing is left behind. setsid keeps Ctrl-C of
            // the terminal from the child: the terminal sends it to a whole process group, but we decide the order in which to stop. Both
            // replace themselves by the program, so the pid is that of the program. Without a terminal the children stay in our session. A
            // kernel that shares the processor between sessions would make a media thread pay for the other threads of its process.
            HeldSockets? held = HeldFor(child);
            isAgain &= QuietStart.IsPossible;
            string[] command = [.. IfThere(EndsWithUs), .. SharesSession ? [] : IfThere(OwnSession), .. isAgain ? QuietStart.Launcher : [],
                .. held?.Launcher ?? [],
                planned.FileName, .. planned.Arguments];
            var start = new ProcessStartInfo(command[0], command[1..])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
                WorkingDirectory = installation.WorkingFolder,
            };
            if (planned.IsClean)
            {
                string? path = start.Environment.TryGetValue("PATH", out string? own) ? own : null;
                start.Environment.Clear();
                start.Environment["PATH"] = path ?? "/usr/bin:/bin";
            }
            foreach ((string name, string? value) in planned.PlatformEnvironment) start.Environment[name] = value;
            foreach ((string name, string? value) in planned.Environment) start.Environment[name] = value;
            start.Environment.Remove("VOICE_ROOT");
            start.Environment.Remove("VOICE_PUBLISHED");
            var process = new Process { StartInfo = start, EnableRaisingEvents = true };
            var output = new Output { Log = child.Log };
            void Write(object _, DataReceivedEventArgs line)
            {
                // An exception here would end this process, and with it the whole system. LogFile throws none.
                if (line.Data is null) return;
                output.Log?.WriteLine(line.Data);
                LineWritten?.Invoke(planned.Name, line.Data);
            }
            process.OutputDataReceived += Write;
            process.ErrorDataReceived += Write;
            process.Exited += (_, _) => OnExit(process);
            // This thread starts all children, one after the other, so no other child inherits the sockets.
            held?.SetInherited(true);
            bool isStarted = process.Start();
            held?.SetInherited(false);
            if (!isStarted) throw new CommandFailedException($"{planned.Name} does not start");
            child.Process = process;
            child.Output = output;
            child.LaunchedAt = Stopwatch.GetTimestamp();
            if (isAgain) _ = QuietStart.EndAsync(process.Id, planned.ReadyUrl);
            process.StandardInput.Close();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }
    }

    private HeldSockets? HeldFor(Child child)
    {
        if (child.Plan.Held is not { } plan) return null;
        if (child.Plan.StandsByFor is { } other && _children.TryGetValue(other, out Child? relieved)) return relieved.Held;
        return child.Held ??= HeldSockets.Open(plan);
    }

    private void OnExit(Process process)
    {
        TimeSpan pause;
        Child child, next;
        lock (_lock)
        {
            if (_stopping || _children.Values.FirstOrDefault(c => c.Process == process) is not { } ended) return;
            child = next = ended;
            child.Restarts++;
            pause = child.Pause.Next(Stopwatch.GetElapsedTime(child.LaunchedAt));
            if (_children.Values.FirstOrDefault(c => c.Plan.StandsByFor == child.Plan.Name) is { Process.HasExited: false } standby)
            {
                Relieve(child, standby);
                next = standby;
            }
            if (_held.Contains(next.Plan.Name)) return;
            bool isTakenOver = next.Plan.StandsByFor is not null
                || (next.Plan.Stage == Stage.Transceiver && plan.Processes.Count(p => p.Stage == Stage.Transceiver) > 1);
            if (isTakenOver && pause < TakeoverPause) pause = TakeoverPause;
        }
        string when = pause > TimeSpan.Zero ? $" in {pause.TotalSeconds:0.#} s" : "";
        string what = next == child ? $"starting it again{when}" : $"the process that stood by has taken over, and another starts{when}";
        say($"{child.Plan.Name} ended with status {process.ExitCode}; {what} (log: {LogOf(child.Plan.Name)})");
        _ = Task.Run(() => StartAgainAsync(next.Plan, pause));
    }

    /// <summary>Gives a child the process that stood by for it. The kernel has told that process already.</summary>
    private static void Relieve(Child ended, Child standby)
    {
        (ended.Process, ended.Output, ended.LaunchedAt) = (standby.Process, standby.Output, standby.LaunchedAt);
        ended.Output.Log = ended.Log;
        standby.Process = null;
        standby.Output = new Output();
    }

    private async Task StartAgainAsync(PlannedProcess planned, TimeSpan pause)
    {
        while (true)
        {
            await Task.Delay(pause);
            try
            {
                await LaunchAsync(planned, isAgain: true);
                return;
            }
            catch (Exception failure) when (failure is Win32Exception or IOException or CommandFailedException)
            {
                // For example, the machine has no memory or no process left at this moment.
                pause = RestartPause.Longest;
                say($"{planned.Name} can't be started: {failure.Message}; trying again in {pause.TotalSeconds:0.#} s");
            }
        }
    }

    private string LogOf(string process) => Path.Combine(installation.Logs, process + ".log");

    private async Task WaitUntilReadyAsync(PlannedProcess planned, CancellationToken cancellation)
    {
        if (planned.ReadyUrl is null) return;
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        var watch = Stopwatch.StartNew();
        int failures = 0;
        while (watch.Elapsed < StartLimit)
        {
            try
            {
                using HttpResponseMessage answer = await client.GetAsync(planned.ReadyUrl, cancellation);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (Exception failure) when (failure is HttpRequestException
            || (failure is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                // The process does not listen yet.
            }
            lock (_lock) failures = _children[planned.Name].Restarts;
            if (failures >= 3) break;
            await Task.Delay(100, cancellation);
        }
        string log = LogOf(planned.Name);
        string last = LastLines(log, 3);
        string why = failures >= 3 ? " (it ended three times)" : $" within {StartLimit.TotalSeconds:0} s";
        throw new CommandFailedException($"{planned.Name} did not become ready{why}: {last}", $"read {log}");
    }

    private static string LastLines(string path, int count)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            return string.Join(" | ", reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(count));
        }
        catch (IOException)
        {
            return "(no log)";
        }
    }

    /// <summary>Stops the stages one after the other: SIGTERM first, and SIGKILL after five seconds.</summary>
    public async Task StopAsync()
    {
        List<Child> children;
        lock (_lock)
        {
            _stopping = true;
            children = [.. _children.Values];
        }
        foreach (Stage stage in StopOrder)
        {
            Child[] group = [.. children.Where(c => c.Plan.Stage == stage)];
            foreach (Child child in group) Signal(child, LibC.SIGTERM);
            var deadline = Task.Delay(GraceOnStop);
            var exits = Task.WhenAll(group.Select(c => c.Process?.WaitForExitAsync() ?? Task.CompletedTask));
            await Task.WhenAny(exits, deadline);
            foreach (Child child in group) Signal(child, LibC.SIGKILL);
            await exits;
        }
    }

    private static void Signal(Child child, int signal)
    {
        if (child.Process is { HasExited: false } process) _ = LibC.kill(process.Id, signal);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        lock (_lock)
        {
            foreach (Child child in _children.Values)
            {
                child.Process?.Dispose();
                child.Log.Dispose();
                child.Held?.Dispose();
            }
        }
    }
}
