namespace Dapr.Voice.Cli.Machine;

/// <summary>Says whether a folder can be written, and how much room its disk has.</summary>
internal static class DiskSpace
{
    /// <summary>Below this, <c>./voice doctor</c> warns. It is room for the logs of a small system.</summary>
    public const long LowBytes = 64 * 1024 * 1024;

    // A full disk still lets an empty file be created. A block has to be written.
    private const int ProbeBytes = 4096;

    /// <summary>Creates the folder if needed, and writes a file in it.</summary>
    /// <returns>Null if that works. Otherwise the reason.</returns>
    public static string? WhyNotWritable(string folder)
    {
        string probe = Path.Combine(folder, $".probe-{Environment.ProcessId}");
        try
        {
            Directory.CreateDirectory(folder);
            try
            {
                File.WriteAllBytes(probe, new byte[ProbeBytes]);
                return null;
            }
            finally
            {
                File.Delete(probe);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }

    /// <summary>The free bytes of the disk that has the folder. Null if they are not known.</summary>
    public static long? FreeBytes(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
