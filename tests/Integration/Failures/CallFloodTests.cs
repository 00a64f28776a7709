using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Integration.DaprContract;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>
/// Somebody starts 1,000 calls and sends no packet. The limits of callers are off, so that all of them are answered: what protects the
/// others here is that a call costs nothing before its caller comes.
/// </summary>
[Collection(FailuresCollection.Name)]
public sealed class CallFloodTests(ITestOutputHelper output) : IAsyncLifetime
{
    // More than twice what the two transceivers may have.
    private const int Flood = 1000, AtOnce = 8;

    private readonly VoiceSystem _voice = new()
    {
        Variables = ["Signaling__CallsPerSecondPerCaller=0", "Signaling__RequestsPerSecondPerAddress=0"],
    };

    public Task InitializeAsync() => _voice.UpAsync("--transceivers", "2");

    public Task DisposeAsync() => _voice.DisposeAsync().AsTask();

    [Fact]
    public async Task ThousandPostsWithoutAPacket_CostNothingAndCallersBesideThemGetIn()
    {
        await _voice.CallAsync("--agent", "local", "--seconds", "1");
        int conversations = Conversations();
        Task<int> flood = Task.Run(FloodAsync);
        var watch = Stopwatch.StartNew();
        int calls = 0;
        for (; !flood.IsCompleted || calls < 3; calls++)
        {
            TimeSpan began = watch.Elapsed;
            CommandResult call = await _voice.CallAsync("--agent", "echo", "--seconds", "1");
            Assert.True(call.Status == 0, $"not answered after {began.TotalSeconds:0.0} s: {call.Error}{call.Output}");
            output.WriteLine($"after {began.TotalSeconds:0.0} s: {call.Json["setupMs"]?.ToJsonString()}");
        }
        Assert.Equal(Flood, await flood);
        output.WriteLine($"{Flood} calls answered in {watch.Elapsed.TotalSeconds:0.0} s, {calls} callers beside them");
        // A call that connects is counted.
        Assert.NotEqual(0, conversations);
        Assert.Equal(conversations, Conversations());
        await Wait.UntilAsync(async () => await SumAsync("sessions") == 0, "no session is left");
        output.WriteLine($"unproven: {await SumAsync("unproven")}");
    }

    private async Task<int> SumAsync(string name)
        => (int)(await _voice.InvokeAsync("transceiver-00", "internal/v1/stats"))[name]!
        + (int)(await _voice.InvokeAsync("transceiver-01", "internal/v1/stats"))[name]!;

    /// <returns>How many of the calls were answered with 201.</returns>
    private async Task<int> FloodAsync()
    {
        using HttpClient client = _voice.NewApiClient();
        int left = Flood, created = 0;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                using HttpResponseMessage answer = await client.PostAsync("/v1/realtime/calls?agent=local", Offers.Content());
                if (answer.StatusCode == HttpStatusCode.Created) Interlocked.Increment(ref created);
            }
        }));
        return created;
    }

    /// <returns>How many connections the agent's backend has had.</returns>
    private int Conversations()
        => _voice.LogOf("local-agent").Split('\n').Count(line => line.Contains(" begins", StringComparison.Ordinal));
}
