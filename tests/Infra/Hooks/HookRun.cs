using System.Diagnostics;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>A hook run as azd runs it, with a stand-in for az on the PATH that keeps vaults and apps as files and records every call.</summary>
internal sealed class HookRun : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("voice-hooks-").FullName;

    public HookRun()
    {
        foreach (string name in new[] { "bin", "vaults", "apps", "tmp" }) Directory.CreateDirectory(Path.Combine(_folder, name));
        Link("az", RepositoryRoot.File("tests", "Infra", "Hooks", "fake-az.sh"));
        Program("azd", "printf 'azd %s\\n' \"$*\" >>\"$FAKE/calls\"");
        // Ready after as many questions as the file has lines; what it answers until then is what a service says.
        Program("curl", """
            printf 'curl %s\n' "$*" >>"$FAKE/calls"
            while [ $# -gt 1 ]; do [ "$1" != -o ] || file=$2; shift; done
            if [ -s "$FAKE/not-ready" ]; then sed -i 1d "$FAKE/not-ready"; printf '{"status":"not_ready","reasons":["keys are not loaded"]}' >"$file"; printf 503; else : >"$file"; printf 200; fi
            """);
        Write("version", "2.64.0\n");
        Environment["VOICE_HOOK_PAUSE_SECONDS"] = "0";
        Environment["VOICE_HOOK_LIMIT_SECONDS"] = "0";
    }

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Calls => File.Exists(At("calls")) ? File.ReadAllLines(At("calls")) : [];

    public string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    public void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }

    public void AddVaults(params string[] names)
    {
        foreach (string name in names) Directory.CreateDirectory(At("vaults", name));
        Environment["VOICE_KEY_VAULTS"] = $"[{string.Join(',', names.Select(n => $"\"{n}\""))}]";
    }

    public string Secret(string vault, string name) => File.ReadAllText(At("vaults", vault, name));

    public IReadOnlyList<string> Secrets(string vault) => [.. Directory.EnumerateFiles(At("vaults", vault)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    /// <summary>Runs it once; the record of calls begins anew.</summary>
    public HookResult Run(string hook)
    {
        File.Delete(At("calls"));
        var start = new ProcessStartInfo("/bin/sh", [RepositoryRoot.File("infra", "hooks", hook + ".sh")])
        { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false, WorkingDirectory = RepositoryRoot.Path };
        start.Environment.Clear();
        start.Environment["PATH"] = At("bin") + ":/usr/bin:/bin";
        start.Environment["FAKE"] = _folder;
        start.Environment["TMPDIR"] = At("tmp");
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{hook} does not end.");
        }
        return new HookResult(process.ExitCode, output.Result, errors.Result, Directory.EnumerateFileSystemEntries(At("tmp")).ToList());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Program(string name, string body)
    {
        File.WriteAllText(At("bin", name), "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(At("bin", name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Link(string name, string script)
    {
        File.WriteAllText(At("bin", name), $"#!/bin/sh\nexec /bin/sh {script} \"$@\"\n");
        File.SetUnixFileMode(At("bin", name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

/// <param name="Left">What it left in the folder for temporary files.</param>
internal sealed record HookResult(int ExitCode, string Output, string Error, IReadOnlyList<string> Left);
