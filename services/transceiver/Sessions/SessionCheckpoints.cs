using Dapr.Voice.Transceiver.Checkpoints;
using Dapr.Voice.WebRtc;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// Keeps the checkpoint of one session: takes its content when one is due, and tells the session's <see cref="PeerSession"/> when the store
/// has acknowledged it. A packet costs a comparison. The session's thread uses it.
/// </summary>
/// <param name="isOn">False if the setting turns checkpoints off. Nothing is written then.</param>
internal sealed class SessionCheckpoints(CheckpointWriter writer, CheckpointHandle handle, bool isOn)
{
    private readonly CheckpointSchedule _schedule = new();
    private bool _hasBegun;

    /// <summary>When <see cref="Keep"/> has something to do, as far as it is not the peer's concern.</summary>
    public Instant NextTimeout => _schedule.NextTimeout;

    /// <inheritdoc cref="CheckpointSchedule.Request"/>
    public void Request(Instant at)
    {
        // Before the first checkpoint there is nothing to renew, and the first one has everything.
        if (_hasBegun) _schedule.Request(at);
    }

    /// <summary>The client is heard from another path.</summary>
    public void NotePathMoved(Instant now) => Request(now + CheckpointSchedule.PathWait * (1 + Random.Shared.NextDouble()));

    /// <inheritdoc cref="CheckpointSchedule.Defer"/>
    public void Defer(Instant until) => _schedule.Defer(until);

    /// <summary>Writes a checkpoint if one is due.</summary>
    /// <param name="epoch">The epoch of the session's slot, or null if the slot is not served.</param>
    public void Keep(VoiceSession session, PeerSession peer, long? epoch, Instant now)
    {
        if (isOn && epoch is { } current && peer.IsConnected && _schedule.TryBegin(peer.IsCheckpointDue, now))
            Begin(session, peer, current, now);
    }

    /// <summary>The session has ended, and nobody continues it.</summary>
    public void Delete(long? epoch) => writer.Delete(handle, epoch ?? long.MaxValue);

    /// <summary>Another transceiver has the session.</summary>
    public void Abandon() => handle.Abandon();

    // Apart from Keep, which runs for each packet: what a lambda captures is allocated when its method begins.
    private void Begin(VoiceSession session, PeerSession peer, long epoch, Instant now)
    {
        _hasBegun = true;
        PeerSessionState state = peer.ExportCheckpoint(now);
        writer.Write(handle, session.Export(state, now), epoch, outcome => session.Post(() => Complete(session, peer, state, outcome)));
    }

    private void Complete(VoiceSession session, PeerSession peer, PeerSessionState state, CheckpointOutcome outcome)
    {
        if (outcome == CheckpointOutcome.Written) peer.CommitCheckpoint(state.Lease!);
        if (outcome is CheckpointOutcome.Fenced or CheckpointOutcome.Stale) session.NoteLost();
        _schedule.Complete(outcome == CheckpointOutcome.Written, session.Now);
        // What changed meanwhile is written now, and what waited for the store is sent.
        session.KeepCheckpoint(session.Now);
    }
}
