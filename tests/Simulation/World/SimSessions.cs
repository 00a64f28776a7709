using Dapr.Voice.Ownership;

namespace Dapr.Voice.Tests.Simulation.World;

/// <summary>
/// The one session of each slot in one process, as far as its key's indices go: the bound in the checkpoint is written before an index is
/// used, and a successor starts at the bound.
/// </summary>
internal sealed class SimSessions
{
    public const int Lead = 6;

    private readonly Session[] _sessions = new Session[SimWorld.MaximumSlots];

    private enum State : byte { None, Reading, Writing, Ready, Extending, ExtendWriting, Stopped }

    public void Reset() => Array.Clear(_sessions);

    public void Begin(int slot, long epoch) => _sessions[slot] = new Session { Epoch = epoch };

    public void End(int slot) => _sessions[slot].State = State.Stopped;

    public void Freeze(int slot) => _sessions[slot].IsFrozen = true;

    public void Thaw(int slot) => _sessions[slot].IsFrozen = false;

    /// <summary>Sends the next packet, or does what has to be done before.</summary>
    public void Send(SimWorld world, SimProcess process, int slot)
    {
        ref Session session = ref _sessions[slot];
        if (session.IsFrozen || session.IsWaiting) return;
        switch (session.State)
        {
            case State.None:
                Read(world, process, slot, State.Reading);
                break;
            case State.Ready or State.Extending or State.ExtendWriting:
                int bound = session.Bound + (world.Broken == RuleBreak.IndexBeyondTheBound ? Lead : 0);
                if (session.Next < bound) world.Oracle.CheckPacket(process, slot, session.Key, session.Next++, session.Epoch);
                if (session.State == State.Ready && session.Next + (Lead / 2) >= session.Bound)
                    Read(world, process, slot, State.Extending);
                break;
        }
        if (session.State is State.Reading or State.Extending && !session.IsWaiting) Read(world, process, slot, session.State);
    }

    public void Hear(SimWorld world, SimProcess process, StoreOp op)
    {
        ref Session session = ref _sessions[op.Slot];
        // It is of an ownership that is over.
        if (op.Epoch != session.Epoch || session.State == State.Stopped || process.Table[op.Slot] != session.Epoch) return;
        session.IsWaiting = false;
        if (op.Kind == StoreOpKind.ReadCheckpoint) HearRead(world, process, op, ref session);
        else HearWritten(world, op, ref session);
    }

    private static void HearRead(SimWorld world, SimProcess process, StoreOp op, ref Session session)
    {
        // The next tick reads again.
        if (op.IsFailed) return;
        CheckpointRecord found = op.Checkpoint;
        if (found.Exists && found.Epoch > session.Epoch)
        {
            session.State = State.Stopped;
            return;
        }
        bool isExtending = session.State == State.Extending;
        if (!found.Exists)
        {
            // Nothing of the session is left, or there was none. Whoever has it goes on with its key, others begin with a new one.
            if (!isExtending) (session.Key, session.Next, session.Bound) = (world.NextKey(), 0, 0);
            Write(world, process, op.Slot, session.Bound + Lead, null, isExtending);
            return;
        }
        if (isExtending && found.Key != session.Key)
        {
            session.State = State.Stopped;
            return;
        }
        if (found.Epoch == session.Epoch && found.Bound == session.WantedBound && session.WantedBound > session.Bound)
        {
            // Our own write arrived, and its answer was lost.
            Acknowledge(world, ref session, isExtending);
            return;
        }
        if (!isExtending)
        {
            session.Key = found.Key;
            session.Next = world.Broken == RuleBreak.SuccessorStartsBelowTheBound ? Math.Max(0, found.Bound - (Lead / 2)) : found.Bound;
            session.Bound = found.Bound;
            if (world.Broken == RuleBreak.SuccessorSendsBeforeItsCheckpoint)
            {
                session.Bound = found.Bound + Lead;
                session.State = State.Ready;
                return;
            }
        }
        Write(world, process, op.Slot, Math.Max(found.Bound, session.Bound) + Lead, found.ETag, isExtending);
    }

    private static void HearWritten(SimWorld world, StoreOp op, ref Session session)
    {
        bool isExtending = session.State == State.ExtendWriting;
        if (op.Outcome == StoreWrite.Written || (op.Outcome == StoreWrite.Unknown && world.Broken == RuleBreak.BoundWhenUnknown))
            Acknowledge(world, ref session, isExtending);
        else
            session.State = isExtending ? State.Extending : State.Reading;
    }

    private static void Acknowledge(SimWorld world, ref Session session, bool isExtending)
    {
        if (!isExtending) session.Next = Math.Max(session.Next, session.WantedBound - Lead);
        if (!isExtending && world.Broken == RuleBreak.SuccessorStartsBelowTheBound) session.Next = Math.Max(0, session.Next - (Lead / 2));
        session.Bound = session.WantedBound;
        session.State = State.Ready;
    }

    private void Read(SimWorld world, SimProcess process, int slot, State state)
    {
        ref Session session = ref _sessions[slot];
        (session.State, session.IsWaiting) = (state, true);
        if (state == State.Extending && world.Broken == RuleBreak.BoundBeforeItIsWritten) session.Bound = session.Next + Lead;
        StoreOp op = world.NewOp(StoreOpKind.ReadCheckpoint, process.Index);
        (op.Slot, op.Epoch) = (slot, session.Epoch);
        world.Send(process, op);
    }

    private static void Write(SimWorld world, SimProcess process, int slot, int bound, string? etag, bool isExtending)
    {
        ref Session session = ref process.Sessions._sessions[slot];
        (session.State, session.IsWaiting, session.WantedBound) = (isExtending ? State.ExtendWriting : State.Writing, true, bound);
        StoreOp op = world.NewOp(StoreOpKind.WriteCheckpoint, process.Index);
        (op.Slot, op.Epoch, op.ETag) = (slot, session.Epoch, etag);
        op.IsUnconditional = world.Broken == RuleBreak.CheckpointWithoutETag;
        int written = world.Broken == RuleBreak.SuccessorRaisesNoBound && !isExtending ? bound - Lead : bound;
        op.Checkpoint = new CheckpointRecord { Key = session.Key, Epoch = session.Epoch, Bound = written };
        world.Send(process, op);
    }

    private struct Session
    {
        public State State;
        public bool IsWaiting, IsFrozen;
        public int Key, Next, Bound, WantedBound;
        public long Epoch;
    }
}
