using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Cli.Running;

/// <summary>What runs, as <c>.voice/run.json</c> (mode 600: it holds the API key) and as the answer of <c>up --json</c> (docs/design.md
/// 12).</summary>
internal sealed record RunState
{
    public required string Url { get; init; }
    public required string CallsUrl { get; init; }
    public required string ApiKey { get; init; }
    public required RelayAddresses Relay { get; init; }

    /// <summary>App id → Dapr HTTP port.</summary>
    public required IReadOnlyDictionary<string, int> Sidecars { get; init; }

    /// <summary>App id → Dapr gRPC port.</summary>
    public required IReadOnlyDictionary<string, int> SidecarGrpcPorts { get; init; }

    /// <summary>"daprd" or "development sidecar".</summary>
    public required string SidecarKind { get; init; }

    /// <summary>Where further app ids join the development sidecar; null with daprd.</summary>
    public int? SidecarControlPort { get; init; }
    public required string DefaultAgent { get; init; }
    public required IReadOnlyList<RunningProcess> Processes { get; init; }
    public required int SupervisorPid { get; init; }

    /// <summary>Boot-relative start of the supervisor, so that a reused pid is not taken for it.</summary>
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

    public void Save(Installation installation)
    {
        string draft = installation.RunFile + ".new";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(draft, options)) JsonSerializer.Serialize(file, this, CliJson.Default.RunState);
        File.Move(draft, installation.RunFile, overwrite: true);
    }
}

/// <param name="Udp">Null where the relay has TCP only.</param>
/// <param name="Tcp">ICE-TCP; null where the relay has none.</param>
internal sealed record RelayAddresses([property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Udp,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Tcp);

internal sealed record RunningProcess(string Name, int Pid, string Region, string Listens, int Restarts);

/// <summary>A pid says who it is only together with its start time (proc(5), field 22 of stat).</summary>
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
