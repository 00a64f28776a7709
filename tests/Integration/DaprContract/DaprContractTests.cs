using System.Collections.Concurrent;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>The development sidecar gives every answer that the real one was recorded to give: one row per recording, none left out.</summary>
public sealed class DaprContractTests(ITestOutputHelper output)
{
    private const int RecordingCount = 94;

    // Each recording is replayed once per run, whoever asks first: its row, or the count.
    private static readonly ConcurrentDictionary<string, Lazy<Task>> Replays = new(StringComparer.Ordinal);

    public static TheoryData<string> Recordings => [.. Recording.AllNames];

    [Theory]
    [MemberData(nameof(Recordings))]
    public Task Recording_Replayed_AnswersAsTheRealSidecar(string name) => ReplayAsync(name);

    [Fact]
    public async Task AllRecordings_Replayed_AreNinetyFour()
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
        string summary = $"{Recording.AllNames.Count - failed.Count} of {RecordingCount} recordings passed";
        output.WriteLine(summary);
        Console.WriteLine(summary);
        Assert.True(failed.Count == 0, string.Join('\n', failed));
        Assert.Equal(RecordingCount, Recording.AllNames.Count);
        Assert.Equal(RecordingCount, Replays.Count);
    }

    private static Task ReplayAsync(string name) => Replays.GetOrAdd(name, n => new Lazy<Task>(() => RunAsync(Recording.Load(n)))).Value;

    private static Task RunAsync(Recording recording) => recording.Folder switch
    {
        "general" => GeneralReplay.RunAsync(recording),
        "invocation" => InvocationReplay.RunAsync(recording),
        var folder when folder.StartsWith("pubsub.", StringComparison.Ordinal) => PubSubReplay.RunAsync(recording),
        var folder when folder.StartsWith("state.", StringComparison.Ordinal) => StepReplay.StateAsync(recording),
        _ => throw new InvalidOperationException($"no replay for {recording.Name}"),
    };
}
