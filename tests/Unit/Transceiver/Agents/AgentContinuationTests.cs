using System.Text;
using System.Text.Json;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Media;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Agents;

/// <summary>An agent goes on at a successor with the state that another one exported.</summary>
public sealed class AgentContinuationTests
{
    private static readonly BackendPolicy Quick = new(TimeSpan.FromSeconds(10), [], TimeSpan.FromSeconds(10));

    private static AgentState ThroughJson(AgentState state)
        => JsonSerializer.Deserialize(JsonSerializer.Serialize(state, AgentJson.Default.AgentState), AgentJson.Default.AgentState)!;

    private static void Send(Agent agent, FakeAgentHost host, string json)
        => agent.OnClientEvent(Encoding.UTF8.GetBytes(json), host.Now);

    [Fact]
    public async Task Realtime_OwnerDiesWhileTheAgentSpeaks_BackendLearnsWhatWasHeardAndTheClientThatItWasCut()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        using var host = new FakeAgentHost();
        using var agent = new RealtimeAgent(host, backend.Url, null, Quick);
        agent.Start();
        agent.OnChannelOpen();
        RealtimeBackend.Connection connection = backend.Next();
        await connection.SayAsync("""{"type":"session.created","event_id":"1","session":{"id":"s"}}""");
        await connection.SayAsync("""{"type":"response.created","event_id":"2","response":{"id":"r1"}}""");
        await connection.SpeakAsync("r1", "i1", 1000);
        await connection.SayAsync("""{"type":"conversation.item.done","event_id":"3","item":{"id":"i1","type":"message","""
            + """ "role":"assistant","content":[{"type":"output_audio","transcript":"one two three four five six seven eight nine ten"}"""
            + "]}}");
        host.RunUntilEvent("conversation.item.done");
        Send(agent, host, """{"type":"session.update","session":{"instructions":"Be brief."}}""");
        host.Play(agent, 10);
        // The successor estimates how far the voice had come.
        AgentState state = ThroughJson(agent.ExportState()).AfterPlaying(TimeSpan.FromMilliseconds(300));

        using var next = new FakeAgentHost();
        using var successor = new RealtimeAgent(next, backend.Url, null, Quick);
        successor.Continue(state, isChannelOpen: true);
        Assert.Equal(["response.done", "output_audio_buffer.cleared"], next.Types);
        Assert.Equal("failed", next.Last("response.done").GetProperty("response").GetProperty("status").GetString());
        Assert.Equal("r1", next.Last("output_audio_buffer.cleared").GetProperty("response_id").GetString());
        connection = backend.Next();
        Assert.Equal("Be brief.", connection.Expect("session.update").GetProperty("session").GetProperty("instructions").GetString());
        string text = connection.Expect("conversation.item.create").GetProperty("item").GetProperty("content")[0].GetProperty("text")
            .GetString()!;
        Assert.Equal("one two three four five …", text);
        await connection.SayAsync("""{"type":"session.created","event_id":"4","session":{"id":"s2"}}""");
        await connection.SayAsync("""{"type":"rate_limits.updated","event_id":"5"}""");
        next.RunUntilEvent("rate_limits.updated");
        Assert.DoesNotContain("session.created", next.Types);
    }

    [Fact]
    public async Task Realtime_HandedOverWithItsAudio_SentenceGoesOnToItsEnd()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        using var host = new FakeAgentHost();
        using var agent = new RealtimeAgent(host, backend.Url, null, Quick);
        agent.Start();
        agent.OnChannelOpen();
        RealtimeBackend.Connection connection = backend.Next();
        await connection.SayAsync("""{"type":"response.created","event_id":"2","response":{"id":"r1"}}""");
        await connection.SpeakAsync("r1", "i1", 110);
        await connection.SayAsync("""{"type":"response.done","event_id":"3","response":{"id":"r1","status":"completed"}}""");
        host.RunUntilEvent("response.done");
        host.Play(agent, 2);
        AgentState state = ThroughJson(agent.ExportState());
        DownlinkState audio = DownlinkState.TryRead(host.Downlink.ExportState().ToBytes())!;

        using var next = new FakeAgentHost();
        using var successor = new RealtimeAgent(next, backend.Url, null, Quick);
        next.Downlink.Import(audio);
        successor.Continue(state, isChannelOpen: true);
        Assert.Empty(next.Types);
        next.Play(successor, 10);
        Assert.Equal(110 * 24 - 2 * 480, next.Spoken.Count(sample => sample == 1000));
        Assert.Equal(["output_audio_buffer.stopped"], next.Types);
    }

    /// <summary>The state of a conversation with one item, and the same with one more.</summary>
    private static async Task<(AgentState Before, AgentState After)> TwoItemsAsync(RealtimeBackend backend)
    {
        using var host = new FakeAgentHost();
        using var agent = new RealtimeAgent(host, backend.Url, null, Quick);
        agent.Start();
        agent.OnChannelOpen();
        RealtimeBackend.Connection connection = backend.Next();
        var states = new List<AgentState>();
        foreach (string id in new[] { "i1", "i2" })
        {
            await connection.SayAsync($$"""{"type":"conversation.item.done","event_id":"e{{id}}","item":{"id":"{{id}}","type":"message","""
                + """ "role":"user","content":[{"type":"input_text","text":"hello"}]}}""");
            host.RunUntil(() => host.Types.Count(type => type == "conversation.item.done") > states.Count, "the item");
            states.Add(ThroughJson(agent.ExportState()));
        }
        return (states[0], states[1]);
    }

    [Fact]
    public async Task Realtime_BackendIsPrepared_IsTakenAndToldWhatWasSaidMeanwhile()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        (AgentState before, AgentState after) = await TwoItemsAsync(backend);
        using var next = new FakeAgentHost();
        var prepared = new PreparedBackends(TimeProvider.System);
        prepared.Keep(next.Session.CallId, RealtimeAgent.Prepare(backend.Url, null, next.Session, null, before));
        RealtimeBackend.Connection connection = backend.Next();
        await connection.SayAsync("""{"type":"rate_limits.updated","event_id":"early"}""");
        Assert.Equal("i1", connection.Expect("conversation.item.create").GetProperty("item").GetProperty("id").GetString());
        int attempts = backend.Attempts;

        using var successor = new RealtimeAgent(next, backend.Url, null, Quick, prepared: prepared);
        successor.Continue(after, isChannelOpen: true);
        next.RunUntilEvent("rate_limits.updated");
        Assert.Equal("i2", connection.Expect("conversation.item.create").GetProperty("item").GetProperty("id").GetString());
        Send(successor, next, """{"type":"response.create"}""");
        connection.Expect("response.create");
        Assert.Equal(attempts, backend.Attempts);
    }

    [Fact]
    public async Task Realtime_BackendIsPreparedForAnotherConversation_IsClosedAndANewOneIsTold()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        (AgentState before, AgentState after) = await TwoItemsAsync(backend);
        using var next = new FakeAgentHost();
        var prepared = new PreparedBackends(TimeProvider.System);
        prepared.Keep(next.Session.CallId, RealtimeAgent.Prepare(backend.Url, null, next.Session, null, after));
        RealtimeBackend.Connection connection = backend.Next();
        using var successor = new RealtimeAgent(next, backend.Url, null, Quick, prepared: prepared);
        successor.Continue(before, isChannelOpen: true);
        await connection.Gone.Task;
        Assert.Equal("i1", backend.Next().Expect("conversation.item.create").GetProperty("item").GetProperty("id").GetString());
    }

    [Fact]
    public async Task Realtime_SessionOfAPreparedBackendDoesNotCome_IsClosed()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        using var host = new FakeAgentHost();
        var time = new FakeTimeProvider();
        var prepared = new PreparedBackends(time);
        PreparedBackend one = RealtimeAgent.Prepare(backend.Url, null, host.Session, null, new AgentState());
        prepared.Keep(host.Session.CallId, one);
        RealtimeBackend.Connection connection = backend.Next();
        await one.Ready;
        time.Advance(PreparedBackends.Lifetime);
        await connection.Gone.Task;
        Assert.Null(prepared.Take(host.Session.CallId));
    }

    [Fact]
    public void Local_Continued_HasItsSessionAndItemsAndDoesNotGreetAgain()
    {
        using var host = new FakeAgentHost();
        using var agent = new EchoAgent(host);
        agent.OnChannelOpen();
        string id = host.Last("session.created").GetProperty("session").GetProperty("id").GetString()!;
        Send(agent, host, """{"type":"session.update","session":{"instructions":"Be kind."}}""");
        Send(agent, host, """{"type":"conversation.item.create","item":{"id":"mine","type":"message","role":"user","content":[]}}""");
        Assert.True(host.Changes.All >= 2);

        using var next = new FakeAgentHost();
        using var successor = new EchoAgent(next);
        successor.Continue(ThroughJson(agent.ExportState()), isChannelOpen: true);
        Assert.Empty(next.Types);
        Send(successor, next, """{"type":"conversation.item.retrieve","item_id":"mine"}""");
        Assert.Equal("mine", next.Last("conversation.item.retrieved").GetProperty("item").GetProperty("id").GetString());
        Send(successor, next, """{"type":"session.update","session":{}}""");
        JsonElement session = next.Last("session.updated").GetProperty("session");
        Assert.Equal((id, "Be kind."), (session.GetProperty("id").GetString(), session.GetProperty("instructions").GetString()));
    }

    [Fact]
    public void Local_ContinuedBeforeItsChannelWasOpen_Greets()
    {
        using var host = new FakeAgentHost();
        using var agent = new EchoAgent(host);
        using var next = new FakeAgentHost();
        using var successor = new EchoAgent(next);
        successor.Continue(ThroughJson(agent.ExportState()), isChannelOpen: false);
        Assert.Empty(next.Types);
        successor.OnChannelOpen();
        Assert.Equal(["session.created"], next.Types);
    }

    [Theory]
    [InlineData(0.5, "one two …")]
    [InlineData(0, "")]
    [InlineData(0.05, "")]
    [InlineData(1, "one two three four")]
    public void CutTo_Share_KeepsWholeWords(double share, string expected)
    {
        var item = new RememberedItem { Id = "i", Type = "message", Role = "assistant", Texts = ["one two three four"] };
        Assert.Equal(expected, item.CutTo(0, share).Texts[0]);
        Assert.Same(item, item.CutTo(1, share));
    }
}
