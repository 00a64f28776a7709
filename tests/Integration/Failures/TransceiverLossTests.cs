using System.Diagnostics;
using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>Two transceivers share the 64 slots. One of them is killed or stops answering, and new calls are still answered.</summary>
[Collection(FailuresCollection.Name)]
public sealed class TransceiverLossTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Slots = 64;
    private readonly VoiceSystem _voice = new();

    public Task InitializeAsync() => _voice.UpAsync("--agent", "echo");

    public Task DisposeAsync() => _voice.DisposeAsync().AsTask();

    [Fact]
    public async Task Transceiver_KilledOrSilent_NewCallsAreAnswered()
    {
        await Wait.UntilAsync(async () => await SlotsAsync(0) + await SlotsAsync(1) == Slots && await SlotsAsync(0) > 0
            && await SlotsAsync(1) > 0, "the two share the slots");
        output.WriteLine($"slots: transceiver-00 {await SlotsAsync(0)}, transceiver-01 {await SlotsAsync(1)}");

        int killed = _voice.PidOf("transceiver-00");
        RunningCommand.Signal(killed, Native.LibC.SIGKILL);
        output.WriteLine($"transceiver-00 killed: five calls answered in a row after {await AnsweredInARowAsync():0.0} s");
        await Wait.UntilAsync(async () => _voice.PidOf("transceiver-00") != killed && await SlotsAsync(0) + await SlotsAsync(1) == Slots,
            "the slots are all served again");

        // The process is stopped, not dead. No port is closed and nobody starts it again, so its lease must run out.
        int silent = _voice.PidOf("transceiver-01");
        RunningCommand.Signal(silent, RunningCommand.Stop);
        try
        {
            var watch = Stopwatch.StartNew();
            await Wait.UntilAsync(async () => await SlotsAsync(0) == Slots, "the other takes all slots");
            output.WriteLine(
                $"transceiver-01 stopped: transceiver-00 serves all slots after {watch.Elapsed.TotalSeconds:0.0} s; five calls answered in "
                + $"a row after {await AnsweredInARowAsync():0.0} s more");
        }
        finally
        {
            RunningCommand.Signal(silent, RunningCommand.Continue);
        }
        await Wait.UntilAsync(async () => await SlotsAsync(0) + await SlotsAsync(1) == Slots && await SlotsAsync(1) > 0,
            "the one that wakes up stands back, then has slots of its own again");
    }

    /// <returns>The number of slots that a transceiver serves, or -1 while it does not answer.</returns>
    private async Task<int> SlotsAsync(int shard)
    {
        using HttpClient client = _voice.NewClient();
        using HttpResponseMessage answer = await client.GetAsync(
            $"http://127.0.0.1:{_voice.SidecarPort("signaling")}/v1.0/invoke/transceiver-0{shard}/method/internal/v1/stats");
        return answer.IsSuccessStatusCode ? (int)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["slots"]! : -1;
    }

    /// <returns>The seconds until the first of five calls in a row that were all answered.</returns>
    private async Task<double> AnsweredInARowAsync()
    {
        var watch = Stopwatch.StartNew();
        double since = 0;
        for (int inARow = 0; inARow < 5;)
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), "calls are not answered any more");
            double began = watch.Elapsed.TotalSeconds;
            CommandResult call = await _voice.CallAsync("--agent", "echo", "--seconds", "1");
            if (call.Status != 0)
            {
                output.WriteLine($"  not answered at {began:0.0} s: {call.Error.Trim()}{call.Output.Trim()}");
                inARow = 0;
                continue;
            }
            if (inARow++ == 0) since = began;
        }
        return since;
    }
}
