using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// The running system: the content of <c>.voice/run.json</c> and the answer of <c>up --json</c> (docs/design.md, section 12). The file has
/// the API key, so its mode is 600.
/// </summary>
internal sealed record RunState
{
    public required string Url { get; init; }
    public required string CallsUrl { get; init; }
    public required string ApiKey { get; init; }
    public required RelayAddresses Relay { get; init; }

    /// <summary>The Dapr HTTP port of each app id.</summary>
    public required IReadOnlyDictionary<string, int> Sidecars { get; init; }

    /// <summary>The Dapr gRPC port of each app id.</summary>
    public required IReadOnlyDictionary<string, int> SidecarGrpcPorts { get; init; }

    /// <summary>"daprd" or "development sidecar".</summary>
    public required string SidecarKind { get; init; }

    /// <summary>The port where more app ids can join the development sidecar. Null with daprd.</summary>
    public int? SidecarControlPort { get; init; }

    /// <summary>The path of the daprd that serves the app ids. Null with the development sidecar.</summary>
    public string? Daprd { get; init; }

    /// <summary>The folder of the Dapr components that the system uses.</summary>
    public string? Components { get; init; }

    /// <summary>
    /// The token that the sidecar of each app of <c>up --app</c> sends to its app (<c>dapr-api-token</c>). No two apps have the same one.
    /// </summary>
    public IReadOnlyDictionary<string, string> AppApiTokens { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    public required string DefaultAgent { get; init; }
    public required IReadOnlyList<RunningProcess> Processes { get; init; }
    public required int SupervisorPid { get; init; }

    /// <summary>
    /// When the supervisor started, in ticks since boot. It tells the supervisor from another process that has got its pid.
    /// </summary>
    public required long SupervisorStart { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    [JsonIgnore]
    public bool IsAlive => ProcessIdentity.StartOf(SupervisorPid) is { } start && start == SupervisorStart;

    public static RunState? Load(Installation installation)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(installation.RunFile), CliJson.Default.RunState);
        }
        catch (Exception failure) when (failure is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <exception cref="IOException">The file cannot be written. The old one is still there.</exception>
    public void Save(Installation installation)
    {
        string draft = installation.RunFile + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(draft, options)) JsonSerializer.Serialize(file, this, CliJson.Readable.RunState);
        File.Move(draft, installation.RunFile, overwrite: true);
    }
}

/// <param name="Udp">Null if the relay has only TCP.</param>
/// <param name="Tcp">The endpoint for ICE-TCP. Null if the relay has none.</param>
internal sealed record RelayAddresses([property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Udp,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Tcp);

/// <param name="LostLogLines">How many lines of its log could not be written, because the disk was full, for example.</param>
internal sealed record RunningProcess(string Name, int Pid, string Region, string Listens, int Restarts, long LostLogLines = 0);

/// <summary>A pid identifies a process only together with the time when it started (field 22 of stat in proc(5)).</summary>
internal static class ProcessIdentity
{
    public static long? StartOf(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], global::System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
