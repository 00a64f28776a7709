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
    [InlineData("test", "everything", "", "there is no suite 'everything'", "unit")]
    public async Task Command_WithAWrongValue_SaysWhatIsRight(string command, string option, string value, string what, string fix)
        => Say((await _voice.RunAsync(value.Length > 0 ? [command, option, value] : [command, option])).Failed(what, fix));

    [Theory]
    [InlineData("--help", "./voice [command]")]
    [InlineData("call --help", "./voice call [options]")]
    [InlineData("publish --help", "./voice publish <dir>")]
    public async Task Help_SaysTheCommandAsItIsTyped(string command, string usage)
        => Assert.Contains(usage, (await _voice.RunAsync(command.Split(' '))).Succeeded().Output, StringComparison.Ordinal);

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
