using System.ComponentModel;
using System.Diagnostics;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>A small disk in memory (tmpfs) at a folder, which a test fills. It needs root. Disposing takes it away.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    private SmallDisk(string folder) => _folder = folder;

    private string Filler => Path.Combine(_folder, "filler");

    /// <summary>Why this machine has no such disk, or null if it has.</summary>
    public static string? WhyNot { get; } = Environment.UserName != "root" ? "needs root" : Probe() ? null
        : "this machine does not let root mount, as in many containers";

    public static SmallDisk Mount(string folder, int kibibytes)
    {
        Directory.CreateDirectory(folder);
        Assert.True(TryMount(folder, kibibytes), $"no tmpfs at {folder}");
        return new SmallDisk(folder);
    }

    /// <summary>Writes until nothing is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] block = new byte[4096];
        try
        {
            while (true) file.Write(block);
        }
        catch (IOException)
        {
            // The disk is full.
        }
    }

    public void MakeRoom() => File.Delete(Filler);

    public void Dispose() => Run("umount", "--lazy", _folder);

    private static bool Probe()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("voice-disk-");
        try
        {
            return TryMount(folder.FullName, kibibytes: 64) && Run("umount", folder.FullName);
        }
        finally
        {
            folder.Delete();
        }
    }

    private static bool TryMount(string folder, int kibibytes)
        => Run("mount", "-t", "tmpfs", "-o", $"size={kibibytes}k,mode=0700", "voice-test", folder);

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) {
                UseShellExecute = false, RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>A test that needs a <see cref="SmallDisk"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    public SmallDiskFactAttribute() => Skip = SmallDisk.WhyNot;
}
