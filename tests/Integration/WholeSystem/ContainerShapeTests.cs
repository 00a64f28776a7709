using System.Diagnostics;
using System.Net;
using Dapr.Voice.Native;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>The shape that Container Apps gives the system: published builds, nobody's user, TCP alone, and a container's settings.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class ContainerShapeTests(ITestOutputHelper output)
{
    /// <summary>Of the image and of the platform: what is in a container beside the settings.</summary>
    private static readonly string[] FromPlatform = ["PATH", "DAPR_HTTP_PORT", "APP_API_TOKEN", "DOTNET_gcServer", "DOTNET_EnableDiagnostics_IPC"];

    private static readonly TimeSpan TerminationGrace = TimeSpan.FromSeconds(5);

    [RootFact]
    public async Task Published_AsNobodyWithTcpAlone_AnswersAndEndsInTime()
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("voice-published-").FullName, "out");
        File.SetUnixFileMode(Path.GetDirectoryName(folder)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        try
        {
            await using (var clone = new VoiceSystem()) (await clone.RunAsync("publish", folder)).Succeeded();
            Assert.True(File.Exists(Path.Combine(folder, "infra", "bicep", "main.bicep")) && File.Exists(Path.Combine(folder, "azure.yaml")));
            await using var voice = new VoiceSystem(folder, asNobody: true);
            var planned = (await voice.RunAsync("up", "--edge", "tcp", "--plan")).Succeeded().Json["processes"]!.AsArray();
            var state = await voice.UpAsync("--edge", "tcp", "--agent", "echo");
            Assert.Null((string?)state["relay"]!["udp"]);
            Assert.Equal("127.0.0.1:3478", (string?)state["relay"]!["tcp"]);
            var processes = state["processes"]!.AsArray().ToDictionary(p => (string)p!["name"]!, p => (int)p!["pid"]!, StringComparer.Ordinal);
            Assert.Equal(["local-agent", "relay", "sidecar", "signaling", "transceiver-00", "transceiver-01"], processes.Keys.Order());
            foreach (var (name, pid) in processes)
            {
                Assert.Contains("Uid:\t65534\t65534", await File.ReadAllTextAsync($"/proc/{pid}/status"), StringComparison.Ordinal);
                string[] variables = [.. (await File.ReadAllTextAsync($"/proc/{pid}/environ")).Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(v => v[..v.IndexOf('=', StringComparison.Ordinal)])];
                string[] settings = [.. planned.First(p => (string?)p!["name"] == name)!["environment"]!.AsObject().Select(s => s.Key)];
                Assert.Empty(variables.Except(settings).Except(FromPlatform));
                Assert.Empty(settings.Except(variables));
            }
            // No socket of UDP but the relay's own, for links that are not there; nothing came or went by it.
            if (voice.HasOwnNetwork) Assert.All(voice.UdpSockets(), s => Assert.Equal(IPAddress.Loopback, s.Address));

            var call = (await voice.CallAsync()).Succeeded().Json;
            Assert.Equal("tcp", (string?)call["transport"]);
            var worker = (await voice.InvokeAsync("relay", "internal/v1/stats"))["workers"]![0]!;
            Assert.Equal((0, 0), ((long)worker["private"]!["received"]!, (long)worker["private"]!["sent"]!));
            Assert.True((long)worker["privateTcp"]!["received"]! > 0);
            output.WriteLine($"container shape: set-up {call["setupMs"]!.ToJsonString()}, echo {call["echoMs"]?.ToJsonString()}, packets {call["packets"]!.ToJsonString()}");

            // Each ends on SIGTERM by itself, with a call in it; the supervisor starts it again.
            using var running = voice.Start("call", "--wav", Checkout.Question, "--json", "--seconds", "3600");
            string callId = await running.ConnectedAsync();
            foreach (string name in new[] { "transceiver-00", "transceiver-01", "relay", "signaling" })
            {
                var watch = Stopwatch.StartNew();
                RunningCommand.Signal(processes[name], LibC.SIGTERM);
                Assert.True(SpinWait.SpinUntil(() => !Directory.Exists($"/proc/{processes[name]}"), TerminationGrace), $"{name} did not end within {TerminationGrace.TotalSeconds:0} s of SIGTERM");
                output.WriteLine($"SIGTERM: {name} ended after {watch.ElapsedMilliseconds} ms");
            }
            // What it knew of the call is written.
            var record = await voice.RecordAsync(callId, "ended");
            output.WriteLine($"the call in it ended as {record["endReason"]}");
            (await voice.RunAsync("down")).Succeeded();
            Assert.Empty(voice.LeftBehind());
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
        }
    }
}
