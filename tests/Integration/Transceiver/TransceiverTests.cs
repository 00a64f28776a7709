using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Ice;
using Dapr.Voice.Sctp;
using Dapr.Voice.Steering;
using Dapr.Voice.TestKit.Calls;
using Dapr.Voice.Transceiver;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Integration.Transceiver;

/// <summary>A transceiver in this process and a caller behind a link. The tests are the same for both link transports.</summary>
public abstract class TransceiverTests(LinkScheme scheme)
{
    private static SessionId IdOf(SessionRecord record)
    {
        Assert.True(CallId.TryParse(record.CallId, out _, out string text) && SessionId.TryParse(text, out _));
        SessionId.TryParse(text, out SessionId id);
        return id;
    }

    private static long Dropped(TestFleet fleet, SessionDrop reason) => fleet.Runtime.Workers.Sum(w => w.Counters.Drops[reason]);

    private static void AssertToldLast(TestCaller caller, string code)
    {
        JsonElement e = JsonDocument.Parse(caller.Messages[^1]).RootElement;
        JsonElement error = e.GetProperty("error");
        Assert.Equal(("error", "session_ended", code),
            (e.GetProperty("type").GetString(), error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.NotEmpty(e.GetProperty("event_id").GetString()!);
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    /// <summary>A call to the echo agent that is up. Its record is in the store, and was not pushed.</summary>
    private static async Task<TestCaller> ConnectedAsync(TestFleet fleet)
    {
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        TestCaller caller = Call(fleet, record);
        caller.Connect();
        return caller;
    }

    private static TestCaller Call(TestFleet fleet, SessionRecord record)
        => new(fleet.Keys, record, fleet.Scheme, fleet.Links[record.Slot % fleet.Links.Count]);

    [Fact]
    public async Task PushedSession_WithTheEchoAgent_HearsItselfAndEndsOnce()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Admit(record));
        Assert.Equal(AdmissionOutcome.Exists, fleet.Runtime.Admit(record));

        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 50, "a second of the tone comes back");
        caller.RunUntil(() => caller.Messages.Any(m => m.Contains("session.created", StringComparison.Ordinal)), "the agent greets");

        await Wait.UntilAsync(() => fleet.Stored(record)!.State == SessionState.Connected, "the record says connected");
        SessionRecord live = (await fleet.Runtime.FindAsync(IdOf(record), CancellationToken.None))!;
        Assert.Equal(SessionState.Connected, live.State);
        Assert.InRange(live.Statistics!.PacketsReceived, 40, 10_000);
        Assert.InRange(live.Statistics.PacketsSent, 40, 10_000);

        // The drops of a session reach the sum of its worker within a second, and its last drops when it ends.
        Assert.True(caller.SendText("no event"));
        caller.RunUntil(() => Dropped(fleet, SessionDrop.ClientMessageNotAnEvent) == 1, "the worker has the session's drops");
        Assert.True(caller.SendText("[]"));
        caller.Run(TimeSpan.FromMilliseconds(100));

        caller.Close();
        caller.RunUntil(() => caller.IsGone, "the relay is told to forget the session");
        Assert.Equal(2, Dropped(fleet, SessionDrop.ClientMessageNotAnEvent));
        await Wait.UntilAsync(() => fleet.Events(record).Count == 2, "both events are published");
        Assert.Equal([$"{LifecycleEventTypes.SessionConnected} 2", $"{LifecycleEventTypes.SessionEnded} 3"], fleet.Events(record));
        SessionRecord ended = fleet.Stored(record)!;
        Assert.Equal((SessionState.Ended, SessionEndReason.ClientHangup, 3), (ended.State, ended.EndReason, ended.EventSequence));
        Assert.Equal(0, fleet.Runtime.Directory.Living);
        Assert.Equal(1, fleet.Runtime.Directory.EndedFor(SessionEndReason.ClientHangup));
        Assert.Equal(SessionState.Ended, (await fleet.Runtime.FindAsync(IdOf(record), CancellationToken.None))!.State);
        Assert.Equal(AdmissionOutcome.Ended, fleet.Runtime.Admit(record));
        Assert.Equal(0, fleet.Runtime.Workers.Sum(w => w.Counters.SessionFaults + w.Counters.LoopFaults));
    }

    [Fact]
    public async Task SendOnlyCaller_IsSentNoAudioAndTheFramesAreCounted()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        record = record with { Offer = record.Offer with { AudioReceives = false } };
        await fleet.SaveAsync(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        caller.StartTalking();
        caller.RunUntil(() => Dropped(fleet, SessionDrop.MediaNotWanted) > 10, "the echo's frames are counted");
        Assert.Equal(0, caller.Heard);
    }

    [Fact]
    public async Task NotPushed_FirstPacketLoadsTheRecord()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        using TestCaller caller = await ConnectedAsync(fleet);
        Assert.Equal(1, fleet.Runtime.Directory.Living);
    }

    [Fact]
    public async Task NoRecord_PacketsAreCountedAndTheStoreIsAskedOncePerSecond()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        using TestCaller caller = Call(fleet, record);
        caller.RunUntil(() => fleet.Runtime.Workers.Sum(w => w.Counters.Drops[SessionDrop.SessionGone]) > 0,
            "a check is dropped for want of a record");
        Assert.True(Dropped(fleet, SessionDrop.ShelfAbandoned) > 0);
        Assert.Equal(0, fleet.Runtime.Directory.Living);
    }

    [Fact]
    public async Task ForgedHint_IsDroppedWithoutALook()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        // The frame names this session and the hint names another. A relay that was deceived would send this.
        SessionRecord other = fleet.NewRecord(TestCaller.Fingerprint, slot: record.Slot);
        using TestCaller caller = Call(fleet, record with { LocalUfrag = other.LocalUfrag });
        caller.RunUntil(() => fleet.Runtime.Workers.Sum(w => w.Counters.Drops[SessionDrop.BadHint]) > 0, "a check is dropped for its hint");
        Assert.Equal(0, fleet.Runtime.Directory.Living);
    }

    [Fact]
    public async Task ApiHangup_ClientHearsCloseNotify()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        Assert.True(await fleet.Runtime.TryEndAsync(IdOf(record), SessionEndReason.ApiHangup, CancellationToken.None));
        caller.RunUntil(() => caller.IsClosed, "the caller hears that it is over");
        Assert.Equal(PeerCloseReason.ByPeer, caller.Closed);
        AssertToldLast(caller, "api_hangup");
        await Wait.UntilAsync(() => fleet.Stored(record)!.EndReason == SessionEndReason.ApiHangup, "the record says why");
        Assert.False(await fleet.Runtime.TryEndAsync(IdOf(record), SessionEndReason.ApiHangup, CancellationToken.None));
    }

    [Fact]
    public async Task LongestDuration_Reached_CallerIsToldWhy()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint) with { MaximumSeconds = 5 };
        await fleet.SaveAsync(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        caller.RunUntil(() => caller.IsClosed, "the caller hears that it is over");
        AssertToldLast(caller, "limit_reached");
    }

    [Fact]
    public async Task BackendThatRefuses_CallerHearsAndReadsWhyAndTheRecordKnows()
    {
        await using RealtimeBackend backend = await RealtimeBackend.StartAsync();
        backend.Refusal = HttpStatusCode.Unauthorized;
        var options = new TransceiverOptions { Workers = 1, Agents = { ["model"] = backend.Url.ToString() } };
        await using TestFleet fleet = await TestFleet.StartAsync(options, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint, "model");
        await fleet.SaveAsync(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        caller.RunUntil(() => caller.IsClosed, "the apology is over, and the call too", seconds: 20);
        Assert.True(caller.HeardLoud > 50, $"{caller.HeardLoud} frames of the apology were heard");
        Assert.Contains(caller.Messages, m => m.Contains("agent_unauthorized", StringComparison.Ordinal));
        AssertToldLast(caller, "agent_failed");
        await Wait.UntilAsync(() => fleet.Stored(record)!.State == SessionState.Ended, "the record is written");
        Assert.Equal((SessionEndReason.AgentFailed, "agent_unauthorized"),
            (fleet.Stored(record)!.EndReason, fleet.Stored(record)!.EndDetail));
    }

    [Fact]
    public async Task CallerThatSendsEventsTooFast_IsToldAndAllAreAnswered()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, scheme);
        using TestCaller caller = await ConnectedAsync(fleet);
        const int events = SessionBudget.EventBurst + 100;
        for (int sent = 0; sent < events;)
        {
            if (caller.SendText("""{"type":"input_audio_buffer.clear"}""")) sent++;
            else caller.Run(TimeSpan.FromMilliseconds(5));
        }
        caller.RunUntil(() => caller.Messages.Count(m => m.Contains("input_audio_buffer.cleared", StringComparison.Ordinal)) == events,
            "every event is answered", seconds: 60);
        Assert.InRange(caller.Messages.Count(m => m.Contains("rate_limit_exceeded", StringComparison.Ordinal)), 1, 20);
        caller.RunUntil(() => Dropped(fleet, SessionDrop.BudgetEventsDelayed) > 0, "the delays are counted");
    }

    [Fact]
    public async Task SecondEventsChannel_IsRefusedInWords()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, scheme);
        using TestCaller caller = await ConnectedAsync(fleet);
        DataChannel second = caller.Peer.OpenChannel(PeerSession.EventsLabel, MonotonicClock.Now)!;
        caller.RunUntil(() => caller.Messages.Any(m => m.Contains("second_events_channel", StringComparison.Ordinal)), "it is refused");
        caller.RunUntil(() => second.Phase != DataChannelPhase.Open, "it is closed");
        DataChannel chat = caller.Peer.OpenChannel("chat", MonotonicClock.Now)!;
        Assert.True(caller.Peer.SendTextOn(chat, "hello"u8, MonotonicClock.Now));
        caller.RunUntil(() => caller.Messages.Any(m => m.Contains("unknown_channel", StringComparison.Ordinal)), "it is refused, too");
        Assert.False(caller.IsClosed);
    }

    /// <summary>Some clients send the bytes of their JSON.</summary>
    [Fact]
    public async Task BinaryEvent_IsReadAsText()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, scheme);
        using TestCaller caller = await ConnectedAsync(fleet);
        Assert.True(caller.Peer.SendBinary("""{"type":"input_audio_buffer.clear"}"""u8, MonotonicClock.Now));
        caller.RunUntil(
            () => caller.Messages.Any(m => m.Contains("input_audio_buffer.cleared", StringComparison.Ordinal)), "it is answered");
    }

    [Fact]
    public async Task NobodyCalls_EndsWithSetupTimeoutAndTheSecondEvent()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(
            new TransceiverOptions { Workers = 1, FirstCheckLimit = TimeSpan.FromMilliseconds(100) }, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        // The broker is away at first. The event is published once all the same.
        fleet.Publisher.Refusals = 3;
        fleet.Admit(record);
        await Wait.UntilAsync(() => fleet.Events(record).Count > 0, "the end is published");
        Assert.Equal([$"{LifecycleEventTypes.SessionEnded} 2"], fleet.Events(record));
        Assert.Equal(SessionEndReason.SetupTimeout, fleet.Stored(record)!.EndReason);
    }

    [Fact]
    public async Task WrongCertificate_EndsWithFingerprintMismatch()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestFleet.Fingerprint);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        using TestCaller caller = Call(fleet, record);
        caller.RunUntil(() => fleet.Runtime.Directory.EndedFor(SessionEndReason.FingerprintMismatch) == 1,
            "the session ends for the certificate");
    }

    [Fact]
    public async Task Admission_ForeignOrContradictory_IsRefused()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord first = fleet.NewRecord(TestCaller.Fingerprint), second = fleet.NewRecord(TestCaller.Fingerprint);
        Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Admit(first));
        SessionRecord[] bad =
        [
            second with { Region = "elsewhere" },
            second with { Slot = (second.Slot + 1) % 64 },
            second with { LocalUfrag = first.LocalUfrag },
            second with { Offer = second.Offer with { Fingerprints = ["md5 00"] } },
        ];
        foreach (SessionRecord record in bad) Assert.Equal(AdmissionOutcome.BadRecord, fleet.Runtime.Admit(record));
        Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Admit(second));
    }

    [Fact]
    public async Task ThousandPushesWithoutAPacket_TakeNoRoomFromACallerWhoComes()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1, Capacity = 1 }, scheme);
        for (int i = 0; i < 1000; i++)
            Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Admit(fleet.NewRecord(TestCaller.Fingerprint)));
        Assert.Equal((0, 1000), (fleet.Runtime.Directory.Living, fleet.Runtime.Unproven.Count));
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        fleet.Admit(record);
        Assert.Equal(SessionState.Created, (await fleet.Runtime.FindAsync(IdOf(record), CancellationToken.None))!.State);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        Assert.Equal((1, 1000), (fleet.Runtime.Directory.Living, fleet.Runtime.Unproven.Count));
    }

    [Fact]
    public async Task CallerWithoutRoom_IsRefusedAtItsCheckAndTheRecordSaysWhy()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1, Capacity = 1 }, scheme);
        SessionRecord first = fleet.NewRecord(TestCaller.Fingerprint), second = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(second);
        fleet.Admit(first);
        fleet.Admit(second);
        using TestCaller caller = Call(fleet, first);
        caller.Connect();
        using TestCaller late = Call(fleet, second);
        late.RunUntil(() => late.IsClosed, "the caller without room is refused");
        Assert.Equal(PeerCloseReason.IceFailed, late.Closed);
        await Wait.UntilAsync(() => fleet.Stored(second)!.EndReason == SessionEndReason.NoRoom, "the record says why");
        Assert.Equal(1, fleet.Runtime.Directory.Living);
    }

    [Fact]
    public async Task HangupBeforeTheCallerComes_EndsTheSessionAndRefusesTheCaller()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        Assert.True(await fleet.Runtime.TryEndAsync(IdOf(record), SessionEndReason.ApiHangup, CancellationToken.None));
        Assert.Equal(AdmissionOutcome.Ended, fleet.Runtime.Admit(record));
        await Wait.UntilAsync(() => fleet.Stored(record)!.EndReason == SessionEndReason.ApiHangup, "the record says why");
        using TestCaller caller = Call(fleet, record);
        caller.RunUntil(() => caller.IsClosed, "the caller is refused");
    }

    /// <summary>The caller has come, and its record is still being read.</summary>
    [Fact]
    public async Task HangupWhileTheRecordIsRead_EndsTheSession()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        var gate = new TaskCompletionSource();
        fleet.Store.ReadGate = gate.Task;
        using TestCaller caller = Call(fleet, record);
        caller.RunUntil(
            () => fleet.Store.HasRead(ComponentNames.Sessions, StateKeys.Session(record.CallId)), "the record is being read");
        Task<bool> ending = fleet.Runtime.TryEndAsync(IdOf(record), SessionEndReason.ApiHangup, CancellationToken.None);
        Assert.False(ending.IsCompleted);
        gate.SetResult();
        Assert.True(await ending);
        await Wait.UntilAsync(() => fleet.Stored(record)!.EndReason == SessionEndReason.ApiHangup, "the record says why");
        Assert.Equal(0, fleet.Runtime.Directory.Living);
    }

    /// <summary>The store is away when records that gave way are to be ended. They are counted, and those that are here end.</summary>
    [Fact]
    public async Task NobodyCalls_StoreAway_SessionsWithoutRecordAreCounted()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(
            new TransceiverOptions { Workers = 1, FirstCheckLimit = TimeSpan.FromSeconds(5) }, scheme);
        const int TooMany = 3;
        for (int i = 0; i < UnprovenSessions.MaximumRecords + TooMany; i++) fleet.Admit(fleet.NewRecord(TestCaller.Fingerprint));
        Assert.Equal((TooMany, 0), (fleet.Runtime.Unproven.Evicted, fleet.Runtime.Unproven.Unwatched));
        fleet.Store.IsAway = true;
        await fleet.Runtime.Loader.EndUnprovenAsync(MonotonicClock.Now + TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.Equal(TooMany, fleet.Runtime.Unproven.Unwatched);
        Assert.Equal(UnprovenSessions.MaximumRecords, fleet.Runtime.Directory.EndedFor(SessionEndReason.SetupTimeout));
    }

    [Fact]
    public async Task CheckWithoutThePassword_LoadsNothing()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        fleet.Admit(record);
        using TestCaller observer = new(
            fleet.Keys, record, fleet.Scheme, fleet.Links[record.Slot % fleet.Links.Count], "guessed-password-of-somebody");
        observer.RunUntil(() => Dropped(fleet, SessionDrop.UnauthenticCheck) > 0, "the check is dropped");
        Assert.Equal((0, 1), (fleet.Runtime.Directory.Living, fleet.Runtime.Unproven.Count));
    }

    [Fact]
    public async Task IceRestart_TheConversationGoesOnWithNewCredentials()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(scheme: scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 10, "the call runs");
        var again = new IceCredentials("fade", "againagainagainagainagain");
        string? ufrag = await fleet.Runtime.RestartIceAsync(IdOf(record), record.CallId,
            new IceRestart(again.Ufrag, SealedIcePassword.Seal(
                fleet.Keys.PasswordKeys, record.CallId, again.Password, RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes))),
            CancellationToken.None);
        Assert.NotNull(ufrag);
        Assert.NotEqual(record.LocalUfrag, ufrag);
        // The caller's new network: a new ICE agent with the new credentials, under the same DTLS, media and channel.
        caller.RestartIce(again, new IceCredentials(ufrag, IcePassword.Derive(fleet.Keys.PasswordKeys, ufrag)));
        int before = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= before + 50, "the call goes on");
        OfferFacts offer = (await fleet.Runtime.FindAsync(IdOf(record), CancellationToken.None))!.Offer;
        Assert.Equal((again.Ufrag, again.Password),
            (offer.IceUfrag, SealedIcePassword.TryOpen(fleet.Keys.PasswordKeys, record.CallId, offer.SealedIcePwd!)));
        Assert.True(caller.SendText("""{"type":"session.update","session":{"type":"realtime"}}"""));
        caller.RunUntil(() => caller.Messages.Any(m => m.Contains("session.updated", StringComparison.Ordinal)), "so does the channel");
        Assert.Null(await fleet.Runtime.RestartIceAsync(IdOf(record), record.CallId, new IceRestart("x", "nonsense"),
            CancellationToken.None));
    }

    [Fact]
    public async Task StoreAway_LivingSessionGoesOn_NewOnesAreRefused()
    {
        var options = new TransceiverOptions { Workers = 1, Lease = TimeSpan.FromSeconds(1), RenewEvery = TimeSpan.FromMilliseconds(200) };
        await using TestFleet fleet = await TestFleet.StartAsync(options, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint), later = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        caller.StartTalking();
        fleet.Store.IsAway = true;
        caller.RunUntil(() => !fleet.Runtime.IsAdmitting, "the lease has run out");
        Assert.NotEmpty(fleet.Runtime.Missing());
        int before = caller.HeardLoud;
        caller.RunUntil(() => caller.HeardLoud >= before + 25, "the call goes on");
        Assert.Equal(AdmissionOutcome.NotAdmitting, fleet.Runtime.Admit(later));
        fleet.Store.IsAway = false;
        caller.RunUntil(() => fleet.Runtime.IsAdmitting, "it admits again");
        Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Admit(later));
    }

    /// <summary>The other transceiver has the call, so its caller must hear nothing from us.</summary>
    [Fact]
    public async Task SlotTakenByAnother_SessionIsDroppedInSilence()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(
            new TransceiverOptions { Workers = 1, Lease = TimeSpan.FromSeconds(1), RenewEvery = TimeSpan.FromMilliseconds(200) }, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        // On a busy machine a lease this short may just have run out.
        await Wait.UntilAsync(() => fleet.Runtime.Admit(record) == AdmissionOutcome.Admitted,
            "the session is admitted");
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        await Wait.UntilAsync(() => fleet.Stored(record)!.State == SessionState.Connected, "the record says connected");
        // While we were away for longer than our lease, another took the slot.
        fleet.Store.IsAway = true;
        caller.RunUntil(() => !fleet.Runtime.IsAdmitting, "the lease has run out");
        // The record is there before the store is back: the keeper looks at its slots once when it comes back.
        string key = StateKeys.Slot(TestFleet.Options.Region, record.Slot);
        fleet.Store.Put(ComponentNames.Sessions, key, new SlotRecord(TestFleet.Options.Region, record.Slot, 1, "other", 9),
            ContractsJson.Default.SlotRecord);
        fleet.Store.IsAway = false;
        caller.RunUntil(() => fleet.Runtime.Directory.Lost == 1, "the session is gone here");
        // The other one does not live, so our keeper would take the slot back.
        await fleet.StopKeepingAsync();
        int heard = caller.Heard;
        caller.Run(TimeSpan.FromMilliseconds(500));
        Assert.False(caller.IsClosed || caller.IsGone);
        Assert.InRange(caller.Heard, heard, heard + 3);
        Assert.Equal((SessionState.Connected, 2), (fleet.Stored(record)!.State, fleet.Stored(record)!.EventSequence));
        Assert.DoesNotContain(fleet.Events(record), e => e.StartsWith(LifecycleEventTypes.SessionEnded, StringComparison.Ordinal));
        Assert.Equal((0, 0), (fleet.Runtime.Directory.Living, fleet.Runtime.Directory.EndedFor(SessionEndReason.OwnerLost)));
        Assert.Null(await fleet.Runtime.FindAsync(IdOf(record), CancellationToken.None));
    }

    [Fact]
    public async Task Drain_SaysGoodbyeGivesTheSlotsBackAndLetsTheLeaseEnd()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(
            new TransceiverOptions { Workers = 2, DrainGrace = TimeSpan.FromMilliseconds(200) }, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        await fleet.StopKeepingAsync();
        Instant started = MonotonicClock.Now;
        Task drain = fleet.Runtime.DrainAsync();
        caller.RunUntil(() => caller.IsClosed, "the caller hears that it is over");
        await drain;
        Assert.InRange((MonotonicClock.Now - started).TotalSeconds, 0, 5);
        Assert.Equal(PeerCloseReason.ByPeer, caller.Closed);
        AssertToldLast(caller, "drain");
        Assert.Equal(SessionEndReason.Drain, fleet.Stored(record)!.EndReason);
        Assert.Contains($"{LifecycleEventTypes.SessionEnded} 3", fleet.Events(record));
        for (int slot = 0; slot < TestFleet.Options.SlotCount; slot++)
            Assert.Null(
                fleet.Store.Peek(ComponentNames.Sessions, StateKeys.Slot(TestFleet.Options.Region, slot),
                ContractsJson.Default.SlotRecord)!.Shard);
        TransceiverRecord left = fleet.Store.Peek(
            ComponentNames.Sessions, StateKeys.Transceiver(TestFleet.Options.Region, 0), ContractsJson.Default.TransceiverRecord)!;
        Assert.True(left.Draining);
        Assert.True(left.LeaseUntil <= DateTimeOffset.UtcNow);
        Assert.False(fleet.Runtime.IsAdmitting);
    }

    [Fact]
    public async Task RunningCall_WorkerAllocatesNextToNothing()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        fleet.Admit(record);
        using TestCaller caller = Call(fleet, record);
        caller.Connect();
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 60, "the call runs");
        WorkerCounters counters = fleet.Runtime.Workers[0].Counters;
        double least = double.MaxValue;
        // Now and then a pool grows or an ICE check arrives. A packet allocates nothing, so one of these seconds shows no allocation.
        for (int second = 0; second < 5 && least >= 1; second++)
        {
            long packets = counters.PacketsIn + counters.PacketsOut, bytes = counters.AllocatedBytes;
            int heard = caller.HeardLoud;
            caller.RunUntil(() => caller.HeardLoud >= heard + 50, "it goes on for a second");
            packets = counters.PacketsIn + counters.PacketsOut - packets;
            Assert.True(packets >= 90, $"{packets} packets");
            least = Math.Min(least, (double)(counters.AllocatedBytes - bytes) / packets);
        }
        Assert.True(least < 1, $"{least} bytes per packet");
    }

    [Fact]
    public async Task SessionWhoseCodeThrows_EndsAlone()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, scheme);
        SessionRecord good = fleet.NewRecord(TestCaller.Fingerprint), bad = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(good);
        await fleet.SaveAsync(bad);
        fleet.Admit(good);
        using TestCaller caller = Call(fleet, good);
        caller.Connect();

        SessionWorker worker = fleet.Runtime.Workers[0];
        Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Directory.TryReserve(bad.Slot));
        VoiceSession session = fleet.Runtime.Factory.Create(bad, IdOf(bad), worker, MonotonicClock.Now);
        worker.Add(session);
        worker.Post(session, () => throw new InvalidOperationException("an agent with a bug"));
        caller.RunUntil(() => fleet.Runtime.Directory.EndedFor(SessionEndReason.Error) == 1, "the bad session ends");
        Assert.Equal(1, worker.Counters.SessionFaults);
        caller.StartTalking();
        caller.RunUntil(() => caller.HeardLoud >= 10, "the good one goes on");
        await Wait.UntilAsync(() => fleet.Stored(bad)!.EndReason == SessionEndReason.Error, "the record says why");
    }

    [Fact]
    public async Task AgentOutOfControl_EndsItsSession()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TransceiverOptions { Workers = 1 }, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        SessionWorker worker = fleet.Runtime.Workers[0];
        Assert.Equal(AdmissionOutcome.Admitted, fleet.Runtime.Directory.TryReserve(record.Slot));
        VoiceSession session = fleet.Runtime.Factory.Create(record, IdOf(record), worker, MonotonicClock.Now);
        using var held = new ManualResetEventSlim();
        worker.Add(session);
        session.Post(held.Wait);
        for (int i = 0; i <= VoiceSession.MaximumPendingPosts; i++) session.Post(static () => { });
        held.Set();
        await Wait.UntilAsync(() => fleet.Runtime.Directory.EndedFor(SessionEndReason.AgentFailed) == 1, "the session ends");
    }

    [Fact]
    public async Task EndedRecord_AfterTheRetention_IsDeletedByTheOwner()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(
            new TransceiverOptions { Workers = 1, RecordRetention = TimeSpan.FromMilliseconds(100) }, scheme);
        SessionRecord record = fleet.NewRecord(TestCaller.Fingerprint);
        await fleet.SaveAsync(record);
        fleet.Admit(record);
        Assert.True(await fleet.Runtime.TryEndAsync(IdOf(record), SessionEndReason.ApiHangup, CancellationToken.None));
        await Wait.UntilAsync(() => fleet.Stored(record) is null, "the record is gone");
        Assert.Null(await fleet.Runtime.FindAsync(IdOf(record), CancellationToken.None));
    }
}
