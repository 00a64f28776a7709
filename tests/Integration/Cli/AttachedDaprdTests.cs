using Dapr.Voice.Cli.Commands;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Tests.Integration.Cli;

/// <summary>
/// <c>./voice sidecar</c> and <c>./voice events</c> beside a system that runs with daprd, whose folder is not on the PATH. A script stands
/// in for daprd: it writes down its arguments.
/// </summary>
public sealed class AttachedDaprdTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("voice-daprd-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Apps_BesideDaprd_UseTheDaprdAndTheComponentsOfTheSystem()
    {
        string log = Path.Combine(_folder.FullName, "sidecar.log");
        var said = new List<string>();
        string daprd = Script("""
            echo "$@" >> $0.arguments
            echo 'level=warning msg="a line of the sidecar"'
            [ $2 != second ] || exit 7
            exec sleep 60
            """);
        var attachment = new SidecarAttachment(Installation.Find(), State(daprd), said.Add, log);
        ExitCode code = await attachment.RunAsync([AppArgument.Parse("first=3988,9988"), AppArgument.Parse("second=3989")],
            CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));

        // The end of one of them ends all.
        Assert.Equal(7, (int)code);
        string[] arguments = [.. File.ReadAllLines(daprd + ".arguments").Order(StringComparer.Ordinal)];
        Assert.Equal(2, arguments.Length);
        Assert.Contains("--app-id first --dapr-http-port 3988 --dapr-grpc-port 4988", arguments[0], StringComparison.Ordinal);
        Assert.Contains("--app-max-concurrency 1", arguments[0], StringComparison.Ordinal);
        Assert.All(arguments, a => Assert.Contains("--resources-path /the/components/of/the/system", a, StringComparison.Ordinal));
        Assert.Equal(["first: http://127.0.0.1:3988, gRPC 127.0.0.1:4988 (daprd)", "second: http://127.0.0.1:3989, gRPC 127.0.0.1:4989 "
            + "(daprd)"], said);
        Assert.Contains("a line of the sidecar", File.ReadAllText(log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apps_BesideADaprdThatIsGone_AreToldSo()
    {
        var attachment = new SidecarAttachment(Installation.Find(), State(Path.Combine(_folder.FullName, "daprd")), _ => { });
        CommandFailedException refused = await Assert.ThrowsAsync<CommandFailedException>(
            () => attachment.RunAsync([AppArgument.Parse("first=3988")], CancellationToken.None));
        Assert.Contains("uses daprd, and it is no longer there", refused.Message, StringComparison.Ordinal);
    }

    private string Script(string text)
    {
        string path = Path.Combine(_folder.FullName, "daprd");
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static RunState State(string daprd) => new()
    {
        Url = "http://127.0.0.1:8080",
        CallsUrl = "http://127.0.0.1:8080/v1/realtime/calls",
        ApiKey = "",
        Relay = new RelayAddresses(Udp: null, Tcp: null),
        Sidecars = new Dictionary<string, int>(),
        SidecarGrpcPorts = new Dictionary<string, int>(),
        SidecarKind = "daprd",
        Daprd = daprd,
        Components = "/the/components/of/the/system",
        DefaultAgent = "local",
        Processes = [],
        SupervisorPid = 0,
        SupervisorStart = 0,
        StartedAt = DateTimeOffset.UnixEpoch,
    };
}
