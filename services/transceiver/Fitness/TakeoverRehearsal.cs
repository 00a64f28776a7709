using System.Security.Cryptography;
using Dapr.Voice.Contracts;
using Dapr.Voice.Dtls;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Steering;
using Dapr.Voice.Transceiver.Agents;
using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.Transceiver.HandOver;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Transceiver.Sessions;
using Dapr.Voice.Udp;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Fitness;

/// <summary>
/// Goes once through everything that a takeover does, with a session that nobody has: its record and its checkpoint are written, read and
/// deleted, it is continued, and a backend inside this process answers it. Much of that is generic code of the framework, which is compiled
/// at its first use. If a second transceiver dies, the only one that can take its calls may have been started a moment ago, and they should
/// not wait for its compiler (docs/decisions/0045).
/// </summary>
/// <param name="reader">Null if the setting turns checkpoints off.</param>
/// <param name="worker">It gets nothing to do.</param>
internal sealed class TakeoverRehearsal(
    FleetOptions fleet, TransceiverOptions options, FleetKeys keys, DtlsCertificate certificate, IStateStore store, CheckpointCodec codec,
    CheckpointReader? reader, CheckpointWriter writer, SessionFactory factory, SessionWorker worker, TimeProvider time)
{
    /// <summary>If this process dies in between, a store that can deletes what it wrote.</summary>
    private static readonly TimeSpan GarbageAfter = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    /// <summary>Any thread. What fails here is reported by whoever needs it.</summary>
    /// <returns>The session as a live hand-over has it, sealed for a rehearsal. Null if the store did not answer.</returns>
    public async Task<HandedSession?> RunAsync(CancellationToken cancellation)
    {
        if (SessionSelfTest.Export(certificate, options.Codec) is not { } states) return null;
        SessionRecord record = NewRecord();
        var facts = new SessionFacts
        {
            LocalUfrag = record.LocalUfrag,
            RemoteUfrag = record.Offer.IceUfrag,
            SealedIcePwd = record.Offer.SealedIcePwd,
            ConnectedAt = record.CreatedAt,
            WrittenAt = record.CreatedAt,
            ElapsedMilliseconds = 0,
            EventSequence = record.EventSequence,
            Agent = new AgentState { Items = [Item], Parts = [new PlayedPart("item", "response", 0, 0, 20)] },
        };
        if (!await ContinueAsync(record, new CheckpointContent(facts, states.Checkpoint), cancellation).ConfigureAwait(false)) return null;
        await LoopbackBackend.TalkAsync(url => new RealtimeConnection(url, null, ConnectLimit, new(), static () => { }), Item, cancellation)
            .ConfigureAwait(false);
        return codec.TrySeal(record.CallId, HandOverReceiver.RehearsalEpoch, new CheckpointContent(facts, states.Exact, new([])), out _)
            is { } text ? new HandedSession(record, text) : null;
    }

    // As large as a conversation of some minutes: short and long bodies go different ways through the framework.
    private static RememberedItem Item => new() { Id = "item", Type = "message", Role = "user", Texts = [new string('a', 12_000)] };

    /// <returns>False if the store did not do its part.</returns>
    private async Task<bool> ContinueAsync(SessionRecord record, CheckpointContent content, CancellationToken cancellation)
    {
        string key = StateKeys.Session(record.CallId);
        await store.DeleteAsync(ComponentNames.Sessions, key, etag: null, cancellation).ConfigureAwait(false);
        StateWriteResult written = await store.TryCreateAsync(
            ComponentNames.Sessions, key, record, ContractsJson.Default.SessionRecord, GarbageAfter, cancellation).ConfigureAwait(false);
        StateReadResult<SessionRecord> read = await store.ReadAsync(
            ComponentNames.Sessions, key, ContractsJson.Default.SessionRecord, cancellation).ConfigureAwait(false);
        await store.DeleteAsync(ComponentNames.Sessions, key, etag: null, cancellation).ConfigureAwait(false);
        if (!written.IsWritten || read.Entry?.Value is not { } found || !factory.TryIdentify(found, out SessionId id)) return false;
        if (reader is null) return true;

        var handle = new CheckpointHandle(record.CallId, mayExist: true);
        var done = new TaskCompletionSource<CheckpointOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        writer.Write(handle, content, HandOverReceiver.RehearsalEpoch, done.SetResult);
        await done.Task.ConfigureAwait(false);
        FoundCheckpoint checkpoint = await reader.ReadAsync(record.CallId, cancellation).ConfigureAwait(false);
        writer.Delete(handle, HandOverReceiver.RehearsalEpoch);
        if (checkpoint.Content is not { } continued) return false;
        factory.Resume(found, id, worker, continued, checkpoint.ETag, from: null, MonotonicClock.Now).Dispose();
        return true;
    }

    /// <summary>A record as signaling makes it. No relay and no caller knows its ufrag.</summary>
    private SessionRecord NewRecord()
    {
        // No caller has such an id, because theirs are random. What a process has left that died in between, the next one deletes.
        var id = new SessionId((ulong)options.Shard);
        string callId = CallId.Format(fleet.Region, id.ToString());
        DateTimeOffset now = time.GetUtcNow();
        var hint = new RoutingHint(
            keys.HintKeys.CurrentId, (byte)fleet.RegionNumber, Slot: 0, id, Generation: 0, RoutingHint.ToMinutes(now) + 1);
        return new SessionRecord
        {
            CallId = callId,
            Region = fleet.Region,
            Slot = 0,
            OwnerAppId = AppIds.Transceiver(options.Shard),
            Agent = options.DefaultAgent,
            LocalUfrag = hint.Encode(keys.HintKeys),
            Offer = new OfferFacts(
                "rehearsal", [certificate.Fingerprint.ToString()], SetupActive: true, "0", OpusPayloadType: 111, null, AudioSsrc: 1, true,
                true, SctpPort: 5000, MaxMessageSize: 262_144, SealedIcePassword.Seal(
                    keys.PasswordKeys, callId, "rehearsalrehearsalrehe", RandomNumberGenerator.GetBytes(AuthenticatedSeal.NonceBytes))),
            Answer = new AnswerFacts(2, "rehearsal", "rehearsal rehearsal"),
            MaximumSeconds = (int)GarbageAfter.TotalSeconds,
            ClientKind = ClientKinds.Check,
            CreatedAt = now,
            State = SessionState.Connected,
            ConnectedAt = now,
            EventSequence = 1,
        };
    }
}
