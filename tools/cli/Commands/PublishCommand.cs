using System.CommandLine;
using System.Diagnostics;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Commands;

/// <summary>
/// <c>./voice publish DIR</c> writes linux-x64 builds of everything, with the .NET runtime beside them. A self-contained publish would need
/// runtime packs, which are not available everywhere. The SDK's own host and shared runtimes are copied instead (docs/decisions/0003).
/// </summary>
internal static class PublishCommand
{
    public static Command Create(Installation installation)
    {
        var folder = new Argument<string>("dir") { Description = "The folder to write: a new or empty one, or that of an earlier publish" };
        var command = new Command("publish", "Write linux-x64 builds that need no SDK: DIR/voice up | call | doctor") { folder };
        command.OnInvoke(async (result, cancellation) =>
        {
            if (installation.IsPublished)
                throw new CommandFailedException("this is a published folder", "run './voice publish' in a clone");
            string target = Path.GetFullPath(result.GetValue(folder)!);
            string marker = Path.Combine(target, "bin", "cli", "Dapr.Voice.Cli.dll");
            if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any() && !File.Exists(marker))
                throw new CommandFailedException($"{target} is neither empty nor from an earlier publish", "give a new or an empty folder");
            var watch = Stopwatch.StartNew();
            foreach (string old in new[] { "bin", "dotnet", "web", "components", "infra" })
            {
                if (Directory.Exists(Path.Combine(target, old))) Directory.Delete(Path.Combine(target, old), recursive: true);
            }
            // The script './voice' has already built what has changed.
            foreach (VoiceProgram program in VoiceProgram.All)
            {
                Output.Say($"publishing {program.Name} ...");
                await DotnetAsync(installation,
                    ["publish", Path.Combine(installation.Root, program.ProjectFolder), "-c", "Release", "--no-build", "-v", "q", "-nologo",
                    "--no-self-contained", "-o", Path.Combine(target, "bin", program.Name)], cancellation);
            }
            Output.Say("copying the runtime ...");
            string host = DotnetRoot();
            string version = Environment.Version.ToString();
            Directory.CreateDirectory(Path.Combine(target, "dotnet"));
            File.Copy(Path.Combine(host, "dotnet"), Path.Combine(target, "dotnet", "dotnet"), overwrite: true);
            foreach (string part in new[] { "LICENSE.txt", "ThirdPartyNotices.txt" })
            {
                if (File.Exists(Path.Combine(host, part)))
                    File.Copy(Path.Combine(host, part), Path.Combine(target, "dotnet", part), overwrite: true);
            }
            foreach (string part in new[] { $"host/fxr/{version}", $"shared/Microsoft.NETCore.App/{version}",
                $"shared/Microsoft.AspNetCore.App/{version}" })
                CopyFolder(Path.Combine(host, part), Path.Combine(target, "dotnet", part));
            CopyFolder(Path.Combine(installation.Root, "web"), Path.Combine(target, "web"));
            CopyFolder(Path.Combine(installation.Root, "components"), Path.Combine(target, "components"));
            // './voice deploy --what-if' reads the files that azd deploys.
            CopyFolder(Path.Combine(installation.Root, "infra"), Path.Combine(target, "infra"));
            foreach (string file in new[] { "voice", "README.md", "dapr.yaml", "azure.yaml" })
                File.Copy(Path.Combine(installation.Root, file), Path.Combine(target, file), overwrite: true);
            string samples = Path.Combine(installation.Root, "samples", "wav");
            if (Directory.Exists(samples)) CopyFolder(samples, Path.Combine(target, "samples", "wav"));
            long bytes = Directory.EnumerateFiles(target, "*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
            Console.WriteLine(
                $"{target}: {bytes / 1048576} MiB in {watch.Elapsed.TotalSeconds:0} s. Start it with {Path.Combine(target, "voice")} up");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The folder of the dotnet host that runs this process, with links resolved.</summary>
    private static string DotnetRoot()
    {
        string host = Environment.ProcessPath ?? throw new CommandFailedException("the dotnet host can't be found");
        return Path.GetDirectoryName(File.ResolveLinkTarget(host, returnFinalTarget: true)?.FullName ?? host)!;
    }

    private static async Task DotnetAsync(Installation installation, string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(installation.DotnetHost, arguments) {
            UseShellExecute = false, WorkingDirectory = installation.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process dotnet = Process.Start(start) ?? throw new CommandFailedException("dotnet does not start");
        Task<string> errors = dotnet.StandardError.ReadToEndAsync(cancellation);
        string output = await dotnet.StandardOutput.ReadToEndAsync(cancellation);
        await dotnet.WaitForExitAsync(cancellation);
        if (dotnet.ExitCode != 0)
        {
            string first = (output + await errors).Split('\n').FirstOrDefault(l => l.Contains("error", StringComparison.Ordinal))
                ?? "no error line";
            throw new CommandFailedException(
                $"dotnet {arguments[0]} {Path.GetFileName(arguments[1])} failed: {first.Trim()}", "fix the error, then publish again");
        }
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(from, file);
            if (relative.Split(Path.DirectorySeparatorChar).Contains("node_modules")) continue;
            string target = Path.Combine(to, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}
