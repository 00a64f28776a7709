using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>
/// A wall clock of one process that a drill can move while the process runs: libfaketime, which reads the offset from a file. The monotonic
/// clock stays as it is.
/// </summary>
internal sealed class FakeClock(Installation installation, string process)
{
    private const string Library = "libfaketime.so.1";

    private string Offset => Path.Combine(installation.Home, $"clock-{process}");

    private static string? FindLibrary()
        => Directory.Exists("/usr/lib") ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu")
        .Select(folder => Path.Combine(folder, "faketime", Library)).FirstOrDefault(File.Exists) : null;

    public static string? WhyNot()
        => FindLibrary() is null ? "libfaketime is not installed (apt-get install libfaketime)" : null;

    /// <summary>The settings with which the process has to be started.</summary>
    public IReadOnlyDictionary<string, string> Settings()
    {
        Directory.CreateDirectory(installation.Home);
        Move(TimeSpan.Zero);
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["LD_PRELOAD"] = FindLibrary()!,
            ["FAKETIME_TIMESTAMP_FILE"] = Offset,
            ["FAKETIME_CACHE_DURATION"] = "1",
            ["DONT_FAKE_MONOTONIC"] = "1",
        };
    }

    /// <summary>Sets the distance to the machine's clock. The process notices it within a second.</summary>
    public void Move(TimeSpan offset)
    {
        // The process may read at any time, so the file is replaced in one step.
        File.WriteAllText(Offset + ".new", $"{(offset < TimeSpan.Zero ? "-" : "+")}{Math.Abs(offset.TotalSeconds):0}\n");
        File.Move(Offset + ".new", Offset, overwrite: true);
    }
}
