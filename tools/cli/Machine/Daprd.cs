namespace Dapr.Voice.Cli.Machine;

/// <summary>The real sidecar's program.</summary>
internal static class Daprd
{
    /// <returns>The path of <c>daprd</c>, or null if it is in no folder of the PATH.</returns>
    public static string? OnPath() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, "daprd")).FirstOrDefault(File.Exists);
}
