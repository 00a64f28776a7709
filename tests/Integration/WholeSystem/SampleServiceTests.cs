using System.Diagnostics;
using System.Text.Json;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// The samples for other teams, beside a running system: each starts, reads and ends a call and hears its events, through Dapr's own SDK
/// for its language.
/// </summary>
[Collection(WholeSystemCollection.Name)]
public sealed class SampleServiceTests(SharedSystem shared, ITestOutputHelper output)
{
    private readonly VoiceSystem _voice = shared.Voice;

    [Fact]
    public Task CSharpSample_BesideTheSystem_StartsReadsAndEndsACallAndHearsItsEvents()
        => RunAsync("call-log", 3703, 9703, Checkout.Dotnet,
            Checkout.File("samples", "call-log", "bin", "Release", "net10.0", "Dapr.Voice.CallLog.dll"));

    [JavaScriptFact]
    public Task JavaScriptSample_BesideTheSystem_StartsReadsAndEndsACallAndHearsItsEvents()
    {
        // Node looks for packages beside the file.
        string script = Path.Combine(JavaScriptFactAttribute.Folder, "call-log.mjs");
        File.Copy(Checkout.File("samples", "call-log-js", "call-log.mjs"), script, overwrite: true);
        return RunAsync("call-log-js", 3704, 9704, "node", script);
    }

    private async Task RunAsync(string app, int sidecarPort, int appPort, string program, string script)
    {
        using RunningCommand sidecar = _voice.Start("sidecar", "--app", $"{app}={sidecarPort},{appPort}");
        await sidecar.SaysAsync("joined the running system");
        string offer = _voice.FileFor(app + "-offer.json");
        await File.WriteAllTextAsync(offer, JsonSerializer.Serialize(new { offerSdp = Offers.Create(), agent = "echo" }));
        string[] command = [.. _voice.Enter, program, script, offer];
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = _voice.Home };
        foreach ((string name, string value) in new[]
        {
            ("DAPR_HTTP_PORT", $"{sidecarPort}"), ("DAPR_GRPC_PORT", $"{sidecarPort + 1000}"), ("APP_PORT", $"{appPort}"),
            ("ASPNETCORE_URLS", $"http://127.0.0.1:{appPort}"), ("DOTNET_ENVIRONMENT", "Production"),
        }) start.Environment[name] = value;
        using var sample = new RunningCommand(start, $"{app} {offer}");
        string said = (await sample.EndAsync()).Succeeded().Output;
        output.WriteLine(said);

        string[] lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string callId = lines.Single(line => line.Contains(" created, answer of ", StringComparison.Ordinal)).Split(' ')[0];
        Assert.Contains($"{callId} is created", lines);
        Assert.Contains($"{callId} voice.session.created.v1", lines);
        Assert.Contains($"{callId} voice.session.ended.v1 api_hangup", lines);
        Assert.Matches("^refused: 404 [a-z_]+$", lines.Single(line => line.StartsWith("refused", StringComparison.Ordinal)));
        Assert.Equal("api_hangup", (string?)(await _voice.RecordAsync(callId, "ended"))["endReason"]);
    }
}

/// <summary>A test of the JavaScript sample. It says why it can't run where Dapr's SDK can't be installed.</summary>
internal sealed class JavaScriptFactAttribute : FactAttribute
{
    // The version in samples/call-log-js/package.json.
    private static readonly NpmTool Sdk = new("call-log-js", "@dapr/dapr@3.18.0", "@dapr/dapr/index.js");

    public JavaScriptFactAttribute() => Skip = Sdk.WhyNot;

    public static string Folder => Sdk.Folder;
}
