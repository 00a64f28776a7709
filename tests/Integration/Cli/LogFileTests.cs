using Dapr.Voice.Cli.Running;
using Dapr.Voice.Tests.Integration.Failures;

namespace Dapr.Voice.Tests.Integration.Cli;

/// <summary>The log of a process that <c>./voice up</c> supervises.</summary>
public sealed class LogFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("voice-log-");

    private string Log => Path.Combine(_folder.FullName, "relay.log");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Lines_OfASecret_AreForTheUserAlone()
    {
        using var log = new LogFile(Log);
        log.WriteLine("hello");
        Assert.Equal("hello\n", File.ReadAllText(Log));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Log));
    }

    [Fact]
    public void Lines_BeyondTheLimit_LeaveTwoFilesOfItsSize()
    {
        using var log = new LogFile(Log, maximumBytes: 100);
        for (int i = 0; i < 100; i++) log.WriteLine($"line {i:000}");
        string[] files = [.. Directory.GetFiles(_folder.FullName).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["relay.log", "relay.log.1"], files);
        Assert.All(files, f => Assert.InRange(new FileInfo(Path.Combine(_folder.FullName, f)).Length, 1, 100));
        string[] kept = [.. File.ReadAllLines(Log + ".1"), .. File.ReadAllLines(Log)];
        Assert.Equal(Enumerable.Range(100 - kept.Length, kept.Length).Select(i => $"line {i:000}"), kept);
        Assert.Equal(0, log.LostLines);
    }

    [Fact]
    public void File_OfAnEarlierRun_IsKeptOnce()
    {
        foreach (string run in new[] { "first", "second", "third" })
        {
            using var log = new LogFile(Log);
            log.WriteLine(run);
        }
        Assert.Equal(("second\n", "third\n"), (File.ReadAllText(Log + ".1"), File.ReadAllText(Log)));
    }

    [Fact]
    public void Lines_WhereTheFileCannotBeMade_AreCounted()
    {
        Directory.CreateDirectory(Log);
        File.WriteAllText(Path.Combine(Log, "in the way"), "");
        Directory.CreateDirectory(Log + ".1");
        File.WriteAllText(Path.Combine(Log + ".1", "in the way"), "");
        using var log = new LogFile(Log);
        log.WriteLine("one");
        log.WriteLine("two");
        Assert.Equal(2, log.LostLines);
    }

    [SmallDiskFact]
    public void Lines_OnAFullDisk_AreDroppedCountedAndNamedWhenThereIsRoomAgain()
    {
        using var disk = SmallDisk.Mount(_folder.FullName, kibibytes: 64);
        using var log = new LogFile(Log);
        log.WriteLine("before");
        disk.Fill();
        // The page that has the first line takes some more.
        for (int i = 0; log.LostLines < 3; i++) log.WriteLine($"while the disk is full {i} {new string('x', 1000)}");
        long lost = log.LostLines;
        disk.MakeRoom();
        log.WriteLine("after");
        Assert.Equal(lost, log.LostLines);
        string[] lines = File.ReadAllLines(Log);
        Assert.Equal("before", lines[0]);
        Assert.All(lines[1..^2], l => Assert.Matches("^while the disk is full [0-9]+ x{1000}$", l));
        Assert.StartsWith(
            $"voice: {lost} lines are missing here, because this file could not be written: ", lines[^2], StringComparison.Ordinal);
        Assert.Equal("after", lines[^1]);
    }
}
