using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Dapr.Voice.Hooks;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Hooks;

/// <summary>
/// Runs a hook in this process. A fake az on its PATH keeps vaults and apps as files and records every call. Time jumps over every wait. A
/// call that the fakes do not know fails the test.
/// </summary>
internal sealed class HookRun : IDisposable
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _folder = Directory.CreateTempSubdirectory("voice-hooks-").FullName;

    public HookRun()
    {
        foreach (string name in new[] { "bin", "vaults", "apps", "tmp" }) Directory.CreateDirectory(At(name));
        foreach (string program in new[] { "az", "azd" })
            WriteProgram(program, $"exec /bin/sh {Checkout.File("tests", "Infra", "Hooks", $"fake-{program}.sh")} \"$@\"");
        Write("version", """{"azure-cli":"2.64.0","azure-cli-core":"2.64.0","extensions":{}}""");
        Write("azure.yaml", "name: dapr-voice\n");
        Write("infra/bicep/main.parameters.json", File.ReadAllText(Checkout.File("infra", "bicep", "main.parameters.json")));
        Environment = NewMachine();
        Environment["VOICE_STAGE"] = "provisioned";
    }

    /// <summary>Returns the variables of another machine that reaches the same Azure.</summary>
    public Dictionary<string, string> NewMachine()
        => new(StringComparer.Ordinal)
        {
            ["PATH"] = At("bin") + ":/usr/bin:/bin", ["FAKE"] = _folder, ["AZURE_ENV_NAME"] = "voice",
        };

    /// <summary>Writes the last deployment that succeeded. The home region's group is that of the first location.</summary>
    /// <param name="unixSeconds">When it ended.</param>
    /// <param name="parameters">Its parameters beside regions, as JSON properties: <c>"edge":{"value":"udp-edge"}</c>.</param>
    public void WriteDeployment(long unixSeconds, string regions, string parameters = "")
    {
        string home = JsonNode.Parse(regions)![0]!["location"]!.ToString();
        Write("deployed-at", DateTimeOffset.FromUnixTimeSeconds(unixSeconds).ToString("O", CultureInfo.InvariantCulture));
        Write("deployment", $$"""{"location":{"type":"String","value":"{{home}}"},"regions":{"type":"Array","value":{{regions}}}"""
            + (parameters.Length > 0 ? "," : "") + parameters + "}");
        Write($"tags/rg-voice-{home}", """{"voice-environment":"voice","azd-env-name":"voice"}""");
    }

    /// <summary>The variables of the machine whose hooks run. A hook's 'azd env set' changes them, as azd does.</summary>
    public Dictionary<string, string> Environment { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How often each URL answers that the service is not ready.</summary>
    public int NotReady { get; set; }

    public IReadOnlyList<string> Calls => File.Exists(At("calls")) ? File.ReadAllLines(At("calls")) : [];

    public string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    public void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }

    public void AddVaults(params string[] names)
    {
        foreach (string name in names) Directory.CreateDirectory(At("vaults", name));
        Environment["VOICE_KEY_VAULTS"] = $"[{string.Join(',', names.Select(n => $"\"{n}\""))}]";
        Environment["VOICE_REGIONS"] = """["a"]""";
        Environment["VOICE_KEYED_REGIONS"] = "a";
    }

    public string Secret(string vault, string name) => File.ReadAllText(At("vaults", vault, name));

    public IReadOnlyList<string> Secrets(string vault)
        => [.. Directory.EnumerateFiles(At("vaults", vault)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    /// <summary>Runs the hook once. The record of calls starts empty.</summary>
    public async Task<HookResult> RunAsync(string hook)
    {
        File.Delete(At("calls"));
        File.Delete(At("updated"));
        var output = new StringWriter();
        using var http = new HttpClient(new Readiness(this));
        var context = new HookContext
        {
            Environment = Environment,
            Output = output,
            RepositoryRoot = _folder,
            TemporaryFolder = At("tmp"),
            Time = new JumpingTime(),
            Http = http,
            Limit = TimeSpan.FromSeconds(60),
            Pause = TimeSpan.FromSeconds(10),
        };
        HookFailure? failure = null;
        try
        {
            await HookProgram.RunAsync(hook, context, CancellationToken.None);
        }
        catch (HookFailure thrown)
        {
            failure = thrown;
        }
        // A hook that calls what the stand-ins do not know fails its test, whatever it makes of the answer.
        Assert.Equal("", File.Exists(At("refused")) ? await File.ReadAllTextAsync(At("refused")) : "");
        return new HookResult(failure, output.ToString(), [.. Directory.EnumerateFileSystemEntries(At("tmp"))]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void WriteProgram(string name, string body)
    {
        File.WriteAllText(At("bin", name), $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(At("bin", name), Executable);
    }

    /// <summary>The deployed services. Each answers as a service does until it is ready.</summary>
    private sealed class Readiness(HookRun run) : HttpMessageHandler
    {
        private readonly Dictionary<Uri, int> _asked = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Uri url = request.RequestUri!;
            int asked = _asked[url] = _asked.GetValueOrDefault(url) + 1;
            bool isReady = asked > run.NotReady;
            return Task.FromResult(new HttpResponseMessage(isReady ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable)
            { Content = new StringContent(isReady ? "" : """{"status":"not_ready","reasons":["keys are not loaded"]}""") });
        }
    }
}

/// <param name="Failure">The message that azd would show, or null.</param>
/// <param name="Left">What the hook left in the folder for temporary files.</param>
internal sealed record HookResult(HookFailure? Failure, string Output, IReadOnlyList<string> Left)
{
    public string Everything => Output + Failure?.Message + Failure?.Fix;
}
