using Dapr.Voice.Contracts;
using Dapr.Voice.Ice;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.WebRtc;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>
/// The store and the broker of a transceiver fail in every way, during a call: the call does not notice, new ones are refused with a
/// reason, and everything works again afterwards, without a restart.
/// </summary>
public sealed class DependencyTests
{
    private static readonly TransceiverOptions Impatient = new()
    {
        Workers = 1, Lease = TimeSpan.FromSeconds(1), RenewEvery = TimeSpan.FromMilliseconds(200),
    };

    private static SessionId IdOf(SessionRecord record)
        => CallId.TryParse(record.CallId, out _, out string text) && SessionId.TryParse(text, out SessionId id) ? id : default;

    private static async Task<SessionRecord> SavedAsync(TestFleet fleet)
    {
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        return record;
    }

    private static TestCaller Talking(TestFleet fleet, SessionRecord record)
    {
        var caller = new TestCaller(fleet.Keys, record, LinkScheme.Udp, fleet.Links[0]);
        caller.Connect();
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 10, "the echo is heard");
        return caller;
    }

    [Theory]
    [InlineData(StateFault.Conflict)]
    [InlineData(StateFault.Error)]
    [InlineData(StateFault.Garbage)]
    [InlineData(StateFault.Refused)]
    [InlineData(StateFault.Silent)]
    public async Task StoreAndBrokerFail_TheCallGoesOn_NewOnesAreRefused_AndAllWorksAgain(StateFault fault)
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Impatient);
        SessionRecord record = await SavedAsync(fleet);
        using TestCaller caller = Talking(fleet, record);
        await Wait.UntilAsync(() => fleet.Events(record).Count == 1, "the first event is published");

        fleet.Store.Fault = fault;
        fleet.Publisher.Refusals = int.MaxValue;
        caller.RunUntil(() => !fleet.Runtime.IsAdmitting, "no new sessions come");
        Assert.NotEmpty(fleet.Runtime.Missing());
        Assert.Equal(AdmissionOutcome.NotAdmitting, fleet.Runtime.Admit(fleet.NewRecord(TestCaller.Fingerprint)));
        int heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 50, "a second more of the echo is heard");
        Assert.False(caller.IsClosed);
        Assert.Equal(64, fleet.Runtime.ServedSlots);

        fleet.Store.Fault = StateFault.None;
        fleet.Publisher.Refusals = 0;
        caller.RunUntil(() => fleet.Runtime.IsAdmitting, "new sessions come again");
        SessionRecord second = await SavedAsync(fleet);
        using TestCaller other = Talking(fleet, second);
        heard = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= heard + 10, "the first call goes on");
        caller.Close();
        caller.RunUntil(() => caller.IsGone, "the first call ends");
        await Wait.UntilAsync(() => fleet.Stored(record)!.State == SessionState.Ended && fleet.Runtime.PendingReports == 0,
            "everything is reported");
        Assert.Equal([$"{LifecycleEventTypes.SessionConnected} 2", $"{LifecycleEventTypes.SessionEnded} 3"], fleet.Events(record));
        Assert.Single(fleet.Events(second));
        Assert.Equal(0, fleet.Runtime.LostReports);
    }

    [Fact]
    public async Task StoreIsSlow_CallsWork()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Impatient);
        fleet.Store.Fault = StateFault.Slow;
        using TestCaller caller = Talking(fleet, await SavedAsync(fleet));
        Assert.True(fleet.Runtime.IsAdmitting);
    }

    [Fact]
    public async Task StoreLosesItsData_RecordsOfLivingAndWaitingSessionsAreWrittenAgain()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Impatient);
        SessionRecord record = await SavedAsync(fleet);
        using TestCaller caller = Talking(fleet, record);
        SessionRecord waiting = fleet.NewRecord(TestCaller.Fingerprint);
        fleet.Admit(waiting);
        await Wait.UntilAsync(() => fleet.Events(record).Count == 1, "the first event is published");

        fleet.Store.Wipe();
        fleet.Runtime.OnStoreLost();
        await Wait.UntilAsync(() => fleet.Stored(record) is not null && fleet.Stored(waiting) is not null, "the records are there again");
        // Without it, the next takeover would end the call.
        await Wait.UntilAsync(() => fleet.Store.Keys(ComponentNames.Checkpoints, StateKeys.Checkpoint(record.CallId)).Count == 1,
            "its checkpoint is there again");
        Assert.Equal((SessionState.Connected, SessionState.Created), (fleet.Stored(record)!.State, fleet.Stored(waiting)!.State));
        caller.Close();
        caller.RunUntil(() => caller.IsGone, "the call ends");
        await Wait.UntilAsync(() => fleet.Events(record).Count == 2, "its end is published");
        Assert.Equal(SessionEndReason.ClientHangup, fleet.Stored(record)!.EndReason);
    }

    [Fact]
    public async Task SomebodyMissesTheRecord_ItIsWrittenAgain()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Impatient);
        SessionRecord record = await SavedAsync(fleet);
        using TestCaller caller = Talking(fleet, record);
        fleet.Store.Wipe();
        fleet.Runtime.RestoreRecord((await fleet.Runtime.FindAsync(IdOf(record), CancellationToken.None))!);
        await Wait.UntilAsync(() => fleet.Stored(record)?.State == SessionState.Connected, "the record is there again");
    }

    /// <summary>The caller's first check came while signaling, which had found no owner with the session, ended its record.</summary>
    [Fact]
    public async Task EndedInTheRecordWhileItIsRead_CallerIsRefusedAtItsNextCheck()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Impatient);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record with { State = SessionState.Ended, EndReason = SessionEndReason.ApiHangup,
            EndedAt = DateTimeOffset.UtcNow, EventSequence = 2 });
        using var caller = new TestCaller(fleet.Keys, record, LinkScheme.Udp, fleet.Links[0]);
        caller.RunUntil(() => caller.IsClosed, "the caller is refused", seconds: 8);
        Assert.Equal(PeerCloseReason.IceFailed, caller.Closed);
        Assert.Empty(fleet.Events(record));
    }

    [Fact]
    public async Task EndedInTheRecordAfterItWasRead_CallEndsOnceItConnects()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Impatient);
        SessionRecord record = await SavedAsync(fleet);
        using var caller = new TestCaller(fleet.Keys, record, LinkScheme.Udp, fleet.Links[0]);
        caller.RunUntil(() => fleet.Runtime.Directory.Living == 1, "the session is made");
        SessionRecord ended = record with { State = SessionState.Ended, EndReason = SessionEndReason.ApiHangup,
            EndedAt = DateTimeOffset.UtcNow, EventSequence = 2 };
        fleet.Store.Put(ComponentNames.Sessions, StateKeys.Session(record.CallId), ended, ContractsJson.Default.SessionRecord);
        caller.RunUntil(() => caller.IsClosed, "the caller hears that it is over", seconds: 8);
        Assert.Empty(fleet.Events(record));
    }

    [Fact]
    public async Task SelfTestFails_NoSlotIsClaimedUntilItIsPassed()
    {
        string? problem = "OpenSSL is broken";
        await using TestFleet fleet = await TestFleet.StartUnfitAsync(Impatient, () => problem);
        await Wait.UntilAsync(() => fleet.Runtime.Missing().Any(m => m.Contains("OpenSSL is broken", StringComparison.Ordinal)),
            "it says what is wrong");
        Assert.Equal(0, fleet.Runtime.ServedSlots);
        Assert.Empty(fleet.Store.Keys(ComponentNames.Sessions, "transceiver."));
        Assert.False(fleet.Runtime.IsAdmitting);
        problem = null;
        await Wait.UntilAsync(() => fleet.Runtime is { IsAdmitting: true, ServedSlots: 64 }, "the slots are claimed");
    }

    [Fact]
    public async Task Life_OfATransceiver_IsPublished()
    {
        TestFleet fleet = await TestFleet.StartAsync(Impatient);
        await fleet.StopKeepingAsync();
        await fleet.Runtime.DrainAsync();
        string[] types = [.. fleet.Publisher.Published.Where(p => p.Topic == Topics.Fleet)
            .Select(p => p.Event.GetProperty("type").GetString()!)];
        Assert.Equal(
            [FleetEventTypes.TransceiverJoined, .. Enumerable.Repeat(FleetEventTypes.SlotMoved, TestFleet.Options.SlotCount),
                FleetEventTypes.TransceiverDraining, FleetEventTypes.TransceiverLeft],
            types);
        await fleet.DisposeAsync();
    }
}
