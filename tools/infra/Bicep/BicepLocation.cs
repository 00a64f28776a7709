using System.Reflection;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>Finds the Bicep compiler on this machine.</summary>
public static class BicepLocation
{
    /// <summary>The version that the repository is checked with (<c>BicepCompilerVersion</c> in Directory.Packages.props).</summary>
    public static string Version { get; } = typeof(BicepLocation).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "BicepCompilerVersion").Value!;

    /// <summary>Tells a user without a compiler how to get one.</summary>
    public static string HowToGet
        => "'dotnet restore tools/infra' fetches it on Linux x64; elsewhere 'az bicep install', or put 'bicep' on the PATH";

    /// <summary>
    /// Returns the path of the compiler, or null. The package that tools/infra restores comes first, because the snapshots were made with
    /// its version. Then comes <c>bicep</c> on the PATH, and then the copy that azd uses (<c>AZD_BICEP_TOOL_PATH</c>, or the one that azd
    /// downloaded).
    /// </summary>
    public static string? Find() => Candidates().FirstOrDefault(File.Exists);

    private static IEnumerable<string> Candidates()
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), name = OperatingSystem.IsWindows() ? "bicep.exe"
            : "bicep";
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set ? set
            : Path.Combine(home, ".nuget", "packages");
        if (OperatingSystem.IsLinux()) yield return Path.Combine(packages, "azure.bicep.commandline.linux-x64", Version, "tools", name);
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)) yield return Path.Combine(folder, name);
        if (Environment.GetEnvironmentVariable("AZD_BICEP_TOOL_PATH") is { Length: > 0 } ofAzd) yield return ofAzd;
        yield return Path.Combine(home, ".azd", "bin", name);
        yield return Path.Combine(home, ".azure", "bin", name);
    }
}
