using Dapr.Voice.Native;

namespace Dapr.Voice.Cli.Machine;

/// <summary>Knows the paths of everything, in a clone (built by <c>./voice</c>) and in a folder made by <c>./voice publish</c>.</summary>
internal sealed class Installation
{
    private Installation(string root, bool isPublished)
    {
        Root = root;
        IsPublished = isPublished;
        WorkingFolder = Environment.GetEnvironmentVariable("VOICE_HOME") is { Length: > 0 } home ? Path.GetFullPath(home) : IsWritable(root)
            ? root : UserFolder();
        Home = Path.Combine(WorkingFolder, ".voice");
    }

    /// <summary>The root of the repository, or of the published folder.</summary>
    public string Root { get; }
    public bool IsPublished { get; }

    /// <summary>
    /// The folder in which our processes run. It is VOICE_HOME, or the root. If the user may not write to the root, it is a folder of the
    /// user. Components name the secrets file relative to this folder.
    /// </summary>
    public string WorkingFolder { get; }

    /// <summary>
    /// The folder <c>.voice</c> in <see cref="WorkingFolder"/>. It has the state of a running system: keys, logs and the list of processes.
    /// </summary>
    public string Home { get; }
    public string Logs => Path.Combine(Home, "logs");
    public string SecretsFile => Path.Combine(Home, "secrets.json");
    public string RunFile => Path.Combine(Home, "run.json");
    public string Components => Path.Combine(Root, "components", "local");
    public string Web => Path.Combine(Root, "web");

    public static Installation Find()
    {
        string root = Environment.GetEnvironmentVariable("VOICE_ROOT") is { Length: > 0 } named ? named : AppContext.BaseDirectory;
        return new Installation(Path.GetFullPath(root), Environment.GetEnvironmentVariable("VOICE_PUBLISHED") == "1");
    }

    /// <summary>
    /// The folder for persistent state of the XDG base directories. It must not be shared with other users, because it has keys.
    /// </summary>
    private static string UserFolder()
    {
        string? state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        if (string.IsNullOrEmpty(state))
            state = Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".local",
                "state");
        return Path.GetFullPath(Path.Combine(state, "dapr-voice"));
    }

    private static bool IsWritable(string folder) => LibC.access(folder, LibC.W_OK) == 0;

    /// <summary>The dotnet host: that of the published folder, or the one that runs this process.</summary>
    public string DotnetHost => IsPublished ? Path.Combine(Root, "dotnet", "dotnet") : Environment.ProcessPath ?? "dotnet";

    /// <summary>The path of a program's entry assembly.</summary>
    public string Assembly(VoiceProgram program) => IsPublished
        ? Path.Combine(Root, "bin", program.Name, program.AssemblyName + ".dll")
        : Path.Combine(Root, program.ProjectFolder, "bin", "Release", "net10.0", program.AssemblyName + ".dll");
}

/// <summary>One of our programs: its short name, the folder of its project, and its assembly.</summary>
internal sealed record VoiceProgram(string Name, string ProjectFolder, string AssemblyName)
{
    public static readonly VoiceProgram Relay = new("relay", "services/relay", "Dapr.Voice.Relay");
    public static readonly VoiceProgram Transceiver = new("transceiver", "services/transceiver", "Dapr.Voice.Transceiver");
    public static readonly VoiceProgram Signaling = new("signaling", "services/signaling", "Dapr.Voice.Signaling");
    public static readonly VoiceProgram DevSidecar = new("dev-sidecar", "tools/dev-sidecar", "Dapr.Voice.DevSidecar");
    public static readonly VoiceProgram LocalAgent = new("local-agent", "samples/local-agent", "Dapr.Voice.LocalAgent");
    public static readonly VoiceProgram Cli = new("cli", "tools/cli", "Dapr.Voice.Cli");

    public static readonly IReadOnlyList<VoiceProgram> All = [Relay, Transceiver, Signaling, DevSidecar, LocalAgent, Cli];
}
