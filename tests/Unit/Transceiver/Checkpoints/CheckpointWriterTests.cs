using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.WebRtc;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.WebRtc;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Checkpoints;

public sealed class CheckpointWriterTests : IAsyncDisposable
{
    private const string Call = "rtc_local_aaaaaaaaaaaaa";

    private readonly MemoryStateStore _store = new();
    private readonly CheckpointCodec _codec = new(NewRing());
    private readonly CheckpointWriter _writer;
    private readonly PeerSessionState _peer = Export();

    public CheckpointWriterTests() => _writer = new CheckpointWriter(_store, _codec, TimeProvider.System, NullLogger.Instance);

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private static PeerSessionState Export()
    {
        using var network = new SimulatedNetwork(1);
        network.Connect();
        return network.Server.ExportCheckpoint(network.Now);
    }

    private static KeyRing NewRing()
    {
        Assert.True(KeyRing.TryParse("3:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), out KeyRing? ring, out _));
        return ring!;
    }

    private CheckpointContent Content(params string[] items) => new(
        new SessionFacts
        {
            LocalUfrag = "hint", RemoteUfrag = "cafe", ConnectedAt = DateTimeOffset.UnixEpoch, WrittenAt = DateTimeOffset.UnixEpoch,
            ElapsedMilliseconds = 1, EventSequence = 2, Relays = new Dictionary<int, string> { [1] = "relay-0.1" },
            Agent = new AgentState
            {
                IsGreeted = true,
                Items = [.. items.Select(
                    (text, i) => new RememberedItem { Id = $"i{i}", Type = "message", Role = "user", Texts = [text] })],
            },
        },
        _peer);

    private async Task<CheckpointOutcome> WriteAsync(CheckpointHandle handle, long epoch, params string[] items)
    {
        var done = new TaskCompletionSource<CheckpointOutcome>();
        _writer.Write(handle, Content(items), epoch, done.SetResult);
        return await done.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private CheckpointRecord? Stored
        => _store.Peek(ComponentNames.Checkpoints, StateKeys.Checkpoint(Call), ContractsJson.Default.CheckpointRecord);

    private CheckpointContent? Open(long epoch) => _codec.TryOpen(Call, epoch, Stored!.Sealed);

    [Fact]
    public async Task Write_First_CreatesWithoutALookAndOpensAgain()
    {
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(new CheckpointHandle(Call, mayExist: false), 7, "Set a timer."));
        Assert.Equal(0, _store.Reads);
        Assert.Equal((7, 1), (Stored!.Epoch, Stored.Version));
        CheckpointContent content = Open(7)!;
        Assert.Equal("Set a timer.", content.Facts.Agent.Items[0].Texts[0]);
        Assert.Equal("relay-0.1", content.Facts.Relays[1]);
        Assert.Equal(_peer.Ice.Local, content.Peer.Ice.Local);
        Assert.Null(content.Downlink);
    }

    [Fact]
    public async Task TryOpen_AnotherSessionEpochOrRing_IsNull()
    {
        await WriteAsync(new CheckpointHandle(Call, mayExist: false), 7);
        string text = Stored!.Sealed;
        Assert.NotNull(_codec.TryOpen(Call, 7, text));
        Assert.Null(_codec.TryOpen(Call, 8, text));
        Assert.Null(_codec.TryOpen("rtc_local_bbbbbbbbbbbbb", 7, text));
        Assert.Null(new CheckpointCodec(NewRing()).TryOpen(Call, 7, text));
        Assert.Null(_codec.TryOpen(Call, 7, text[..^8]));
        Assert.Null(_codec.TryOpen(Call, 7, "no base64"));
    }

    [Fact]
    public async Task Write_Second_ReplacesTheFirst()
    {
        var handle = new CheckpointHandle(Call, mayExist: false);
        await WriteAsync(handle, 7, "one");
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(handle, 7, "one", "two"));
        Assert.Equal(2, Open(7)!.Facts.Agent.Items.Count);
    }

    [Fact]
    public async Task Write_SuccessorHasWritten_IsFencedForGood()
    {
        var old = new CheckpointHandle(Call, mayExist: false);
        await WriteAsync(old, 7, "one");
        var successor = new CheckpointHandle(Call, mayExist: true);
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(successor, 8, "one", "two"));
        Assert.Equal(CheckpointOutcome.Fenced, await WriteAsync(old, 7, "zombie"));
        Assert.Equal(CheckpointOutcome.Fenced, await WriteAsync(old, 7, "zombie"));
        Assert.Equal(2, Open(8)!.Facts.Agent.Items.Count);
        _writer.Delete(old, 7);
        await _writer.CompleteAsync(CancellationToken.None);
        Assert.NotNull(Stored);
    }

    /// <summary>The successor knows the ETag of what it has just read, and needs no second look.</summary>
    [Fact]
    public async Task Write_SuccessorWithTheETagItHasRead_WritesAtOnce()
    {
        await WriteAsync(new CheckpointHandle(Call, mayExist: false), 7);
        FoundCheckpoint found = await new CheckpointReader(_store, _codec).ReadAsync(Call);
        Assert.Equal((true, 7), (found.IsKnown, found.Epoch));
        int reads = _store.Reads;
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(new CheckpointHandle(Call, mayExist: true, found.ETag), 8));
        Assert.Equal(reads, _store.Reads);
    }

    /// <summary>
    /// The owner before was only slow, and wrote once more after the successor had read. It may use numbers now that the successor would
    /// begin with.
    /// </summary>
    [Fact]
    public async Task Write_OwnerBeforeWroteAfterTheRead_IsStale()
    {
        var first = new CheckpointHandle(Call, mayExist: false);
        await WriteAsync(first, 7);
        FoundCheckpoint found = await new CheckpointReader(_store, _codec).ReadAsync(Call);
        await WriteAsync(first, 7, "later");
        Assert.Equal(CheckpointOutcome.Stale, await WriteAsync(new CheckpointHandle(Call, mayExist: true, found.ETag), 8));
        Assert.Equal(7, Stored!.Epoch);
    }

    [Fact]
    public async Task Write_SuccessorsFirstAnswerIsLost_IsWrittenAtTheNextTry()
    {
        await WriteAsync(new CheckpointHandle(Call, mayExist: false), 7);
        FoundCheckpoint found = await new CheckpointReader(_store, _codec).ReadAsync(Call);
        var successor = new CheckpointHandle(Call, mayExist: true, found.ETag);
        _store.LosesAnswer = static _ => true;
        Assert.Equal(CheckpointOutcome.Failed, await WriteAsync(successor, 8));
        _store.LosesAnswer = static _ => false;
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(successor, 8));
        Assert.Equal((8, 2), (Stored!.Epoch, Stored.Version));
    }

    [Fact]
    public async Task Write_StoreLosesItsDataBeforeTheSuccessorsFirst_IsStale()
    {
        await WriteAsync(new CheckpointHandle(Call, mayExist: false), 7);
        FoundCheckpoint found = await new CheckpointReader(_store, _codec).ReadAsync(Call);
        _store.Wipe();
        Assert.Equal(CheckpointOutcome.Stale, await WriteAsync(new CheckpointHandle(Call, mayExist: true, found.ETag), 8));
    }

    /// <summary>A store that lost its data gets the checkpoint of a living session again.</summary>
    [Fact]
    public async Task Write_StoreLosesItsData_IsWrittenAgain()
    {
        var handle = new CheckpointHandle(Call, mayExist: false);
        await WriteAsync(handle, 7);
        _store.Wipe();
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(handle, 7));
    }

    [Fact]
    public async Task Write_StoreAway_FailsAndTheNextSucceeds()
    {
        var handle = new CheckpointHandle(Call, mayExist: false);
        _store.IsAway = true;
        Assert.Equal(CheckpointOutcome.Failed, await WriteAsync(handle, 7));
        _store.IsAway = false;
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(handle, 7));
        Assert.Equal((1, 1), (_writer.Count(CheckpointOutcome.Failed), _writer.Count(CheckpointOutcome.Written)));
    }

    [Fact]
    public async Task Write_AnswerLost_TheNextReplacesIt()
    {
        var handle = new CheckpointHandle(Call, mayExist: false);
        _store.LosesAnswer = static _ => true;
        Assert.Equal(CheckpointOutcome.Failed, await WriteAsync(handle, 7, "one"));
        _store.LosesAnswer = static _ => false;
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(handle, 7, "one", "two"));
        Assert.Equal(2, Open(7)!.Facts.Agent.Items.Count);
    }

    [Fact]
    public async Task Write_TooManyWait_IsRefusedAtOnce()
    {
        var gate = new TaskCompletionSource();
        _store.ReadGate = gate.Task;
        var outcomes = new List<Task<CheckpointOutcome>>();
        for (int i = 0; i <= CheckpointWriter.MaximumWaiting; i++) outcomes.Add(WriteAsync(new CheckpointHandle(Call, mayExist: true), 7));
        Assert.Equal(CheckpointOutcome.Busy, await outcomes[^1]);
        gate.SetResult();
        await Task.WhenAll(outcomes);
        Assert.Equal(0, _writer.Pending);
    }

    [Fact]
    public async Task Write_LargeConversation_LosesItsOldestItems()
    {
        string[] items = [.. Enumerable.Range(0, 40).Select(i => $"{i} " + new string('ü', 100_000))];
        Assert.Equal(CheckpointOutcome.Written, await WriteAsync(new CheckpointHandle(Call, mayExist: false), 7, items));
        AgentState agent = Open(7)!.Facts.Agent;
        Assert.StartsWith("39 ", agent.Items[^1].Texts[0]);
        Assert.Equal(40, agent.Items.Count + agent.CutItems);
        Assert.True(agent.CutItems > 0);
        Assert.Equal(agent.CutItems, _writer.CutItems);
    }

    [Fact]
    public async Task Delete_StoreAwayAtFirst_DeletesWhenItIsBack()
    {
        var handle = new CheckpointHandle(Call, mayExist: false);
        await WriteAsync(handle, 7);
        _store.IsAway = true;
        int reads = _store.Reads;
        _writer.Delete(handle, 7);
        await Wait.UntilAsync(() => _store.Reads > reads + 1, "it has tried twice");
        _store.IsAway = false;
        await Wait.UntilAsync(() => Stored is null, "the checkpoint is gone");
        await Wait.UntilAsync(() => _writer.Pending == 0, "nothing is left to do");
    }

    [Fact]
    public async Task Delete_NothingWasWritten_AsksNobody()
    {
        _writer.Delete(new CheckpointHandle(Call, mayExist: false), 7);
        await _writer.CompleteAsync(CancellationToken.None);
        Assert.Equal(0, _store.Reads);
    }
}
