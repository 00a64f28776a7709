using System.Collections;
using System.Runtime.InteropServices;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hooks;

/// <summary>Runs a hook in this process, as the files in <c>infra/hooks</c> do.</summary>
public static class HookProgram
{
    /// <param name="name"><c>preprovision</c>, <c>postprovision</c>, <c>predeploy</c>, <c>postdeploy</c> or <c>postdown</c>.</param>
    /// <returns>The exit code: 0 if the hook is done, 1 if the hook cannot go on and has said why, 130 if it was interrupted. azd stops at
    /// any other code than 0. </returns>
    public static async Task<int> RunAsync(string name)
    {
        using var cancellation = new CancellationTokenSource();
        // A hook that is interrupted still removes what it wrote.
        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true;
            cancellation.Cancel();
        }
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt),
            terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            var context = new HookContext
            {
                Environment = ReadEnvironment(),
                Output = Console.Out,
                RepositoryRoot = FindRoot(),
                TemporaryFolder = Path.GetTempPath(),
                Time = TimeProvider.System,
                Http = http,
            };
            await RunAsync(name, context, cancellation.Token);
            return (int)ExitCode.Done;
        }
        catch (HookFailure failure)
        {
            await Console.Error.WriteLineAsync($"voice: {failure.Message}\n       -> {failure.Fix}");
            return (int)ExitCode.Failed;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return (int)ExitCode.Interrupted;
        }
    }

    internal static Task RunAsync(string name, HookContext context, CancellationToken cancellation) => name switch
    {
        "preprovision" => PreProvision.RunAsync(context, cancellation),
        "postprovision" => PostProvision.RunAsync(context, cancellation),
        "predeploy" => PreDeploy.RunAsync(context, cancellation),
        "postdeploy" => PostDeploy.RunAsync(context, cancellation),
        "postdown" => PostDown.RunAsync(context, cancellation),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "there is no such hook"),
    };

    private static Dictionary<string, string> ReadEnvironment()
    {
        // Windows has 'Path' for 'PATH'.
        var variables = new Dictionary<string,
            string>(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        return variables;
    }

    // azd starts a hook in the folder of its file.
    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "azure.yaml"))) return folder.FullName;
        }
        throw new HookFailure("azure.yaml is in no folder above this one", "run azd from a clone of the repository");
    }
}
