using System.Diagnostics;
using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>
/// A wall clock of one process that a drill can move while the process runs: a library that is loaded into it adds an offset from a file
/// (wall-clock.c). It is compiled here. The monotonic clock stays as it is.
/// </summary>
internal sealed class FakeClock(Installation installation, string process)
{
    private const string Compiler = "/usr/bin/gcc", Source = "wall-clock.c";

    private string Offset => Path.Combine(installation.Home, $"clock-{process}");

    public static string? WhyNot() => File.Exists(Compiler) ? null : "gcc is not installed (apt-get install gcc libc6-dev)";

    /// <summary>The settings with which the process has to be started.</summary>
    /// <exception cref="CommandFailedException">The library cannot be compiled.</exception>
    public IReadOnlyDictionary<string, string> Settings()
    {
        Directory.CreateDirectory(installation.Home);
        Move(TimeSpan.Zero);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LD_PRELOAD"] = Compile(),
            ["VOICE_DRILL_CLOCK"] = Offset,
        };
    }

    /// <summary>Sets the distance to the machine's clock. The process has it at once.</summary>
    public void Move(TimeSpan offset)
    {
        // The process has mapped the file, so it is not replaced. Eight bytes are written in one step.
        using FileStream file = File.Open(Offset, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        file.Write(BitConverter.GetBytes((long)offset.TotalSeconds));
    }

    private string Compile()
    {
        string source = Path.Combine(installation.Home, Source), library = Path.ChangeExtension(source, ".so");
        using (Stream code = typeof(FakeClock).Assembly.GetManifestResourceStream(Source)!)
        using (FileStream file = File.Create(source)) code.CopyTo(file);
        using Process compiler = Process.Start(new ProcessStartInfo(
            Compiler, ["-O2", "-shared", "-fPIC", "-o", library, source]) {
            RedirectStandardError = true, UseShellExecute = false })!;
        string errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? library
            : throw new CommandFailedException($"{Source} does not compile: {errors.Trim().Split('\n')[0]}",
                "sudo apt-get update && sudo apt-get install -y gcc libc6-dev");
    }
}
