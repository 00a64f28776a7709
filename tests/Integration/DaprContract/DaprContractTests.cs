using System.Collections.Concurrent;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>
/// The development sidecar gives every answer that was recorded from the real one. Each recording is a row, and no recording is left out.
/// </summary>
public sealed class DaprContractTests(ITestOutputHelper output)
{
    private const int HttpCount = 94, GrpcCount = 66;

    // Each recording is replayed once in a run: for its row, or for the count, whichever asks first.
    private static readonly ConcurrentDictionary<string, Lazy<Task>> Replays = new(StringComparer.Ordinal);

    public static TheoryData<string> Recordings => [.. Recording.AllNames];

    [Theory]
    [MemberData(nameof(Recordings))]
    public Task Recording_Replayed_AnswersAsTheRealSidecar(string name) => ReplayAsync(name);

    [Fact]
    public async Task AllRecordings_Replayed_AreNinetyFourAndSixtySix()
    {
        var failed = new List<string>();
        foreach (string name in Recording.AllNames)
        {
            try
            {
                await ReplayAsync(name);
            }
            catch (Exception e)
            {
                failed.Add($"{name}: {e.Message}");
            }
        }
        int grpc = Recording.AllNames.Count(IsGrpc), failedGrpc = failed.Count(IsGrpc);
        int http = Recording.AllNames.Count - grpc, failedHttp = failed.Count - failedGrpc;
        string summary = $"{http - failedHttp} of {HttpCount} recordings over HTTP and {grpc - failedGrpc} of {GrpcCount} over gRPC passed";
        output.WriteLine(summary);
        Console.WriteLine(summary);
        Assert.True(failed.Count == 0, string.Join('\n', failed));
        Assert.Equal((HttpCount, GrpcCount), (http, grpc));
        Assert.Equal(HttpCount + GrpcCount, Replays.Count);
    }

    private static bool IsGrpc(string name) => name.StartsWith("grpc/", StringComparison.Ordinal);

    private static Task ReplayAsync(string name) => Replays.GetOrAdd(name, n => new Lazy<Task>(() => RunAsync(Recording.Load(n)))).Value;

    private static Task RunAsync(Recording recording) => recording.IsGrpc ? GrpcReplay.RunAsync(recording) : recording.Folder switch
    {
        "general" => GeneralReplay.RunAsync(recording),
        "invocation" => InvocationReplay.RunAsync(recording),
        string folder when folder.StartsWith("pubsub.", StringComparison.Ordinal) => PubSubReplay.RunAsync(recording),
        string folder when folder.StartsWith("state.", StringComparison.Ordinal) => StepReplay.StateAsync(recording),
        _ => throw new InvalidOperationException($"no replay for {recording.Name}"),
    };
}
