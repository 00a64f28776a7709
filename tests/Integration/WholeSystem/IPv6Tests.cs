using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>A caller in another network, to which only IPv6 leads, calls a system that names its IPv6 address.</summary>
[Collection(WholeSystemCollection.Name)]
public sealed class IPv6Tests(ITestOutputHelper output)
{
    private const string Server = "fd77::1", Caller = "fd77::2";

    [RootFact]
    public async Task Caller_WithIPv6Alone_IsAnsweredOverUdpAndTcp()
    {
        await using var voice = new VoiceSystem();
        using NetworkNamespace elsewhere = NetworkNamespace.TryCreate()!;
        voice.Network!.ConnectTo(elsewhere, Server, Caller);
        await voice.UpAsync("--agent", "echo", "--address", Server, "--http-address", Server);
        Assert.Equal(($"http://[{Server}]:8080", $"[{Server}]:3478", $"[{Server}]:3478"),
            ((string?)voice.State["url"], (string?)voice.State["relay"]!["udp"], (string?)voice.State["relay"]!["tcp"]));
        foreach (string transport in new[] { "udp", "tcp" })
        {
            string[] arguments = [.. elsewhere.Enter, "/usr/bin/env", $"VOICE_ROOT={Checkout.Root}", $"VOICE_HOME={voice.Home}",
                Checkout.Dotnet, Checkout.Cli, "call", "--wav", Checkout.Question, "--json", "--agent", "echo",
                "--server", (string)voice.State["url"]!, "--key", voice.ApiKey, .. transport == "tcp" ? ["--tcp"] : Array.Empty<string>()];
            using var command = new RunningCommand(new ProcessStartInfo(arguments[0], arguments[1..]), $"call over {transport}");
            JsonObject call = (await command.EndAsync()).Succeeded().Json;
            Assert.Equal((transport, 0L), ((string?)call["transport"], (long)call["packets"]!["lost"]!));
            output.WriteLine($"IPv6 alone, {transport}: set-up {call["setupMs"]!.ToJsonString()}, echo {call["echoMs"]!.ToJsonString()}");
        }
    }
}
