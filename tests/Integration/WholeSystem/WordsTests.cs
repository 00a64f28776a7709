using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>Where nothing runs, each command that can't do what was asked says why and what to do, and ends with status 1.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class WordsTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly VoiceSystem _voice = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _voice.DisposeAsync().AsTask();

    [Fact]
    public async Task Doctor_OnAHealthyMachine_IsReady()
    {
        JsonObject doctor = (await _voice.RunAsync("doctor", "--json")).Succeeded().Json;
        Assert.True((bool)doctor["ready"]!);
        Assert.Empty(doctor["missing"]!.AsArray());
    }

    [Theory]
    [InlineData(8080, false, "signaling", "--port")]
    [InlineData(3478, true, "the relay", "--relay-port")]
    [InlineData(3501, false, "the sidecar of relay", "end that process")]
    [InlineData(8090, false, "the local agent", "end that process")]
    [InlineData(20_001, true, "the link of transceiver-00", "end that process")]
    public async Task Up_WithAPortTaken_NamesTheHolder(int port, bool udp, string what, string fix)
    {
        using Socket holder = Take(port, udp);
        CommandResult up = (await _voice.RunAsync("up", "--detach", "--development-sidecar")).Failed(
            $"port {port}/{(udp ? "udp" : "tcp")} for {what} is taken by ", fix);
        Assert.Contains($"(pid {Environment.ProcessId})", up.Error, StringComparison.Ordinal);
        Say(up);
        Assert.Empty(_voice.LeftBehind());
    }

    [Fact]
    public async Task Doctor_WithAPortTaken_NamesTheHolder()
    {
        using Socket holder = Take(8080, udp: false);
        CommandResult doctor = await _voice.RunAsync("doctor", "--json");
        Assert.Equal(1, doctor.Status);
        JsonNode missing = doctor.Json["missing"]!.AsArray().Single()!;
        Assert.False((bool)doctor.Json["ready"]!);
        Assert.Contains("port 8080/tcp", (string?)missing["what"], StringComparison.Ordinal);
        Assert.Contains($"(pid {Environment.ProcessId})", (string?)missing["fix"], StringComparison.Ordinal);
    }

    [RootFact]
    public async Task Commands_WithoutOpenSsl_NameThePackage()
    {
        string[] without = HiddenLibrary.Prefix("libssl.so.3");
        foreach (string[] command in new[] { new[] { "up", "--detach", "--no-install", "--development-sidecar" },
            ["call", "--wav", Checkout.Question] })
        {
            using RunningCommand running = _voice.StartWith(without, command);
            Say((await running.EndAsync()).Failed("libssl3", "apt-get install -y libssl3"));
        }
        using RunningCommand asked = _voice.StartWith(without, "doctor");
        CommandResult doctor = await asked.EndAsync();
        Assert.Equal(1, doctor.Status);
        Assert.Contains("MISSING  libssl3", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("apt-get install -y libssl3", doctor.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_WhereNothingRuns_SaysHowToStart()
        => Say((await _voice.CallAsync()).Failed("no system is running here", "./voice up --detach"));

    [Fact]
    public async Task Call_OfAServerThatIsNotThere_SaysSo()
        => Say((await _voice.CallAsync("--server", "http://127.0.0.1:9", "--key", "any")).Failed(
        "nothing answers at http://127.0.0.1:9", "./voice up --detach"));

    [Fact]
    public async Task Call_WithWhatIsNoUrl_SaysSo()
        => Say((await _voice.CallAsync("--server", "127.0.0.1:8080", "--key", "any")).Failed("is no server URL", "--server http"));

    [Fact]
    public async Task Call_WithWhatIsNoWav_SaysWhy()
    {
        string path = _voice.FileFor("text.wav");
        await File.WriteAllTextAsync(path, "RIFF, or so I am told");
        Say((await _voice.RunAsync("call", "--wav", path)).Failed("text.wav is no WAV that can be played", "PCM, 16 bit"));
        Say((await _voice.RunAsync("call", "--wav", _voice.FileFor("none.wav"))).Failed("none.wav can't be read", "WAV file"));
        Say((await _voice.RunAsync("call")).Failed("no WAV named", "--wav FILE"));
    }

    [Theory]
    [InlineData("up", "--agent", "nobody", "agent 'nobody' is unknown", "local, echo, parrot")]
    [InlineData("up", "--transceivers", "17", "--transceivers 17 is out of range", "1 to 16")]
    [InlineData("up", "--port", "99999", "--port 99999 is out of range", "1 to 65535")]
    [InlineData("up", "--address", "here", "'here' is no IP address", "--address")]
    [InlineData("up", "--app", "mine", "'mine' is not ID=SIDECAR_PORT", "--app")]
    [InlineData("up", "--app", "mine=8080", "8080 is not", "=3700,8080")]
    [InlineData("up", "--region", "West Europe", "--region 'West Europe' is no name of a region", "westeurope")]
    [InlineData("up", "--components", "/nowhere", "there is no folder /nowhere", "components/local")]
    [InlineData("up", "--components", "/usr/bin", "/usr/bin has no component sessions, lifecycle, secrets", "docs/components.md")]
    [InlineData("up", "--http-address", "my-laptop", "--http-address 'my-laptop' is no IP address", "0.0.0.0")]
    [InlineData("up", "--http-address", "192.0.2.99", "this machine has no address 192.0.2.99 for signaling", "ip address")]
    [InlineData("up", "--address", "fe80::1", "fe80::1 is valid on one link alone", "2001:db8::20")]
    [InlineData("up", "--address", "0.0.0.0", "callers can't send to 0.0.0.0", "192.168.1.20")]
    [InlineData("sidecar", "--app", "mine=4700", "4700 is the gRPC port of one", "name the HTTP port, 3700")]
    [InlineData("events", "--since", "yesterday", "--since 'yesterday' is neither a duration nor a time", "--since 10m")]
    [InlineData("call", "--bogus", "", "Unrecognized command or argument '--bogus'", "'./voice call --help'")]
    [InlineData("test", "everything", "", "there is no suite 'everything'", "unit")]
    public async Task Command_WithAWrongValue_SaysWhatIsRight(string command, string option, string value, string what, string fix)
        => Say((await _voice.RunAsync(value.Length > 0 ? [command, option, value] : [command, option])).Failed(what, fix));

    [Theory]
    [InlineData("call --wav none.wav", "none.wav can't be read")]
    [InlineData("call --bogus", "Unrecognized command or argument '--bogus'")]
    [InlineData("up --region West", "--region 'West' is no name of a region")]
    [InlineData("events", "nothing is running here")]
    [InlineData("capacity --edge none", "there is no edge 'none'")]
    public async Task Command_WithJson_FailsWithAnObjectThatAPersonCanRead(string command, string what)
    {
        CommandResult failed = await _voice.RunAsync([.. command.Split(' '), "--json"]);
        Assert.Equal(1, failed.Status);
        Assert.Contains(what, (string?)failed.Json["error"]!["message"], StringComparison.Ordinal);
        Assert.NotNull((string?)failed.Json["error"]!["fix"]);
        // './voice' and what a user typed stand between apostrophes, which JSON need not escape.
        Assert.DoesNotContain("\\u0027", failed.Output, StringComparison.Ordinal);
        failed.Failed(what, "");
    }

    [Theory]
    [InlineData("up", "--detach")]
    [InlineData("call", "--wav", "question.wav")]
    public async Task Command_WithFewDescriptors_SaysHowToGetMore(params string[] command)
    {
        await File.WriteAllBytesAsync(_voice.FileFor("question.wav"), await File.ReadAllBytesAsync(Checkout.Question));
        string[] words = [.. command.Select(w => w == "question.wav" ? _voice.FileFor(w) : w)];
        using RunningCommand running = _voice.StartWith(["/usr/bin/prlimit", "--nofile=64:64"], words);
        Say((await running.EndAsync()).Failed("this shell allows 64 open files", "ulimit -n 4096"));
    }

    [Theory]
    [InlineData("services/relay/bin/Release/net10.0/Dapr.Voice.Relay.dll")]
    [InlineData("services/transceiver/bin/Release/net10.0/Dapr.Voice.Transceiver.dll")]
    [InlineData("services/signaling/bin/Release/net10.0/Dapr.Voice.Signaling.dll")]
    [InlineData("samples/local-agent/bin/Release/net10.0/Dapr.Voice.LocalAgent.dll")]
    [InlineData("tools/dev-sidecar/bin/Release/net10.0/Dapr.Voice.DevSidecar.dll")]
    public async Task Service_WithFewDescriptors_SaysHowToGetMore(string program)
    {
        using var running = new RunningCommand(
            new ProcessStartInfo("/usr/bin/prlimit", ["--nofile=64:64", Checkout.Dotnet, Checkout.File(program), "--app", "x=0"]), program);
        CommandResult ended = await running.EndAsync();
        Assert.Equal(1, ended.Status);
        Assert.StartsWith("This process may open 64 files, and needs at least 512", ended.Error, StringComparison.Ordinal);
        Assert.Single(ended.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData("capacity")]
    [InlineData("capacity --edge udp-edge --sessions 5")]
    public async Task Capacity_ForAPerson_IsATableAndNotMarkdown(string command)
    {
        string printed = (await _voice.RunAsync(command.Split(' '))).Succeeded().Output;
        Assert.Contains("╭─", printed, StringComparison.Ordinal);
        Assert.Contains("│ in all, a month", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("**", printed, StringComparison.Ordinal);
        Assert.DoesNotContain("| --- |", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "./voice [command]")]
    [InlineData("call --help", "./voice call [options]")]
    [InlineData("publish --help", "./voice publish <dir>")]
    public async Task Help_SaysTheCommandAsItIsTyped(string command, string usage)
        => Assert.Contains(usage, (await _voice.RunAsync(command.Split(' '))).Succeeded().Output, StringComparison.Ordinal);

    // The script answers these two before there is a build, so a folder without any program is enough.
    [Fact]
    public async Task Script_AskedForHelpOrVersion_AnswersWithoutABuildWhatTheCommandAnswers()
    {
        Directory.CreateDirectory(_voice.FileFor("clone/tools/cli"));
        foreach (string file in new[] { "voice", "tools/cli/help.txt", "Directory.Build.props" })
            File.Copy(Checkout.File(file), _voice.FileFor("clone/" + file));
        async Task<string> AnswerAsync(string option)
        {
            using var script = new RunningCommand(new ProcessStartInfo("/usr/bin/env",
                ["-i", "PATH=/usr/bin:/bin", _voice.FileFor("clone/voice"), option]), option);
            return (await script.EndAsync()).Succeeded().Output.TrimEnd();
        }
        Assert.Equal((await _voice.RunAsync("--help")).Succeeded().Output.TrimEnd(), await AnswerAsync("--help"));
        Assert.Equal((await _voice.RunAsync("--version")).Succeeded().Output.Split('+')[0].TrimEnd(), await AnswerAsync("--version"));
    }

    [Fact]
    public async Task Version_IsOneLine()
        => Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", (await _voice.RunAsync("--version")).Succeeded().Output);

    [Fact]
    public async Task Down_WhereNothingRuns_SaysSoAndIsContent()
    {
        CommandResult down = (await _voice.RunAsync("down")).Succeeded();
        Assert.Contains("nothing is running here", down.Output, StringComparison.Ordinal);
        Assert.False((bool)(await _voice.RunAsync("down", "--json")).Succeeded().Json["wasRunning"]!);
    }

    [Fact]
    public async Task Up_WhereItsFolderCannotBeMade_SaysWhich()
    {
        await File.WriteAllTextAsync(_voice.FileFor(".voice"), "a file where the folder belongs");
        Say((await _voice.RunAsync("up", "--detach", "--development-sidecar")).Failed(".voice", "VOICE_HOME"));
        Assert.Equal(1, (await _voice.RunAsync("doctor")).Status);
    }

    [Fact]
    public async Task Events_WhereNothingRuns_SaysHowToStart()
        => Say((await _voice.RunAsync("events")).Failed("nothing is running here", "./voice up --detach"));

    private Socket Take(int port, bool udp)
    {
        Socket socket = udp ? _voice.NewSocket(SocketType.Dgram, ProtocolType.Udp) : _voice.NewSocket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        if (!udp) socket.Listen(1);
        return socket;
    }

    private void Say(CommandResult failed)
    {
        foreach (string line in failed.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)) output.WriteLine(line);
    }
}
