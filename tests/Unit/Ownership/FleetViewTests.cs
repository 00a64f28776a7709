using Dapr.Voice.Ownership;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ownership;

public sealed class FleetViewTests
{
    private static readonly OwnershipTiming Timing = OwnershipTiming.Default;
    private static readonly OwnerIdentity Other = new(1, 0xA);

    private readonly FleetView _fleet = new(0, 3, Timing, RuleBreak.None);
    private readonly TransceiverView[] _views = new TransceiverView[3];

    private static Instant At(double milliseconds) => new((long)(milliseconds * TimeSpan.TicksPerMillisecond));

    private static TransceiverView Record(ulong incarnation, long beat, bool draining = false, bool name = false)
        => new(RecordState.Present, incarnation, $"\"{beat}\"", beat, draining, name);

    /// <summary>A look that takes no time.</summary>
    private bool Look(double milliseconds, TransceiverView record)
    {
        _views[1] = record;
        return _fleet.Observe(_views, At(milliseconds), At(milliseconds));
    }

    /// <summary>Looks every 250 ms at a record that does not change.</summary>
    private void LookUntil(double from, double to, TransceiverView record)
    {
        for (double at = from; at <= to; at += 250) Look(at, record);
    }

    private void Probe(double began, double ended, ProbeAnswer answer)
    {
        Assert.True(_fleet.TryTakeProbe(At(began), out OwnerIdentity owner));
        Assert.Equal(Other, owner);
        _fleet.Probed(owner, answer, At(ended));
    }

    private OwnerState State => _fleet.StateOf(Other, At(0));

    private int[] Candidates(double at = 3_600_000)
    {
        int[] shards = new int[3];
        return shards[.._fleet.Candidates(shards, self: false, At(at))];
    }

    [Fact]
    public void Lease_RunOutAlone_ProvesNothing()
    {
        LookUntil(0, 10_000, Record(0xA, 1));
        Assert.Equal(OwnerState.Alive, State);
        // But who cannot renew gets nothing new.
        Assert.Empty(Candidates());
    }

    [Fact]
    public void Probe_UnansweredAlone_ProvesNothing()
    {
        Look(0, Record(0xA, 1));
        Probe(800, 1200, ProbeAnswer.Silent);
        LookUntil(250, 2250, Record(0xA, 1));
        Assert.Equal(OwnerState.Alive, State);
    }

    [Fact]
    public void Lease_RunOutAndProbeUnanswered_IsSilent()
    {
        Look(0, Record(0xA, 1));
        Probe(800, 1200, ProbeAnswer.Silent);
        LookUntil(250, 2250, Record(0xA, 1));
        Assert.Equal(At(2000), _fleet.NextProbe);
        Probe(2000, 2400, ProbeAnswer.Silent);
        Assert.True(_fleet.WantsLook);
        Look(2410, Record(0xA, 1));
        Assert.Equal(OwnerState.Silent, State);
        Assert.Equal(Instant.Never, _fleet.NextProbe);
    }

    [Fact]
    public void Lease_RunOutButProbeAnswered_IsAliveForAnotherLease()
    {
        Look(0, Record(0xA, 1));
        Probe(800, 802, ProbeAnswer.Alive);
        LookUntil(250, 3000, Record(0xA, 1));
        Probe(2810, 3210, ProbeAnswer.Silent);
        Look(3210, Record(0xA, 1));
        Assert.Equal(OwnerState.Silent, State);
    }

    [Fact]
    public void Record_Changes_IsAliveAgain()
    {
        Look(0, Record(0xA, 1));
        LookUntil(250, 2250, Record(0xA, 1));
        Probe(2000, 2400, ProbeAnswer.Silent);
        Look(2400, Record(0xA, 1));
        Look(2650, Record(0xA, 2));
        Assert.Equal(OwnerState.Alive, State);
        // Its last renewal may have been read late.
        Assert.Empty(Candidates());
        Look(2900, Record(0xA, 3));
        Assert.Equal([1], Candidates());
    }

    [Fact]
    public void Record_OfADeadOneChangesAndAProbeIsAnswered_MayHaveSlots()
    {
        Look(0, Record(0xA, 1));
        LookUntil(250, 2250, Record(0xA, 1));
        Probe(2000, 2400, ProbeAnswer.Silent);
        Look(2400, Record(0xA, 1));
        Look(2650, Record(0xA, 2));
        Probe(2660, 2670, ProbeAnswer.Alive);
        Assert.Equal([1], Candidates());
    }

    [Fact]
    public void Look_ThatBeganBeforeTheEndOfTheLease_ProvesNothing()
    {
        Look(0, Record(0xA, 1));
        LookUntil(250, 2250, Record(0xA, 1));
        Probe(2000, 2400, ProbeAnswer.Silent);
        _views[1] = Record(0xA, 1);
        // The answer came late. What it says was true when the look began.
        _fleet.Observe(_views, At(2390), At(3500));
        Assert.Equal(OwnerState.Alive, State);
    }

    [Fact]
    public void Looks_WithAGap_GiveEverybodyANewLease()
    {
        Look(0, Record(0xA, 1));
        Probe(2000, 2400, ProbeAnswer.Silent);
        Look(2400, Record(0xA, 1));
        Assert.Equal(OwnerState.Alive, State);
        Assert.Equal([1], Candidates());
    }

    [Theory]
    [InlineData(ProbeAnswer.PortClosed)]
    [InlineData(ProbeAnswer.OtherProcess)]
    internal void Probe_ThatProvesTheEnd_CountsAtOnceAtAnAddressAndNotAtAName(ProbeAnswer answer)
    {
        Look(0, Record(0xA, 1));
        _fleet.Suspect(Other);
        Probe(10, 12, answer);
        Assert.Equal(OwnerState.Gone, State);

        Look(100, Record(0xA, 2, name: true));
        _fleet.Suspect(Other);
        Probe(110, 112, answer);
        Assert.Equal(OwnerState.Alive, State);
    }

    [Fact]
    public void Gone_ThenChanged_IsProbedAgain()
    {
        Look(0, Record(0xA, 1));
        _fleet.Suspect(Other);
        Probe(10, 12, ProbeAnswer.PortClosed);
        // A write of the dead process that arrives late.
        Look(250, Record(0xA, 2));
        Assert.Equal(OwnerState.Alive, State);
        Probe(250, 252, ProbeAnswer.PortClosed);
        Assert.Equal(OwnerState.Gone, State);
    }

    [Fact]
    public void Silence_WhileWeStoodStillOurselves_IsNone()
    {
        Look(0, Record(0xA, 1));
        LookUntil(250, 2250, Record(0xA, 1));
        Probe(2000, 6000, ProbeAnswer.Silent);
        LookUntil(2500, 3000, Record(0xA, 1));
        Assert.Equal(OwnerState.Alive, State);
    }

    [Fact]
    public void AnotherProcessOfTheShard_MakesTheFormerGone()
    {
        Look(0, Record(0xA, 1));
        Look(250, Record(0xB, 1));
        Assert.Equal(OwnerState.Gone, State);
        Assert.Equal(OwnerState.Alive, _fleet.StateOf(new OwnerIdentity(1, 0xB), At(0)));
    }

    [Fact]
    public void ProcessThatASlotNames_AfterTheLookAtTheFleet_MayBeTheNewerOne()
    {
        Look(0, Record(0xA, 1));
        var newer = new OwnerIdentity(1, 0xB);
        Assert.Equal(OwnerState.Alive, _fleet.StateOf(newer, At(100)));
        Look(250, Record(0xA, 2));
        Assert.Equal(OwnerState.Gone, _fleet.StateOf(newer, At(100)));
    }

    [Fact]
    public void MissingRecord_IsGivenALease()
    {
        Look(0, Record(0xA, 1));
        Assert.True(Look(250, new TransceiverView(RecordState.Missing)));
        Assert.False(Look(500, new TransceiverView(RecordState.Missing)));
        Assert.Equal(OwnerState.Alive, State);
        Assert.Empty(Candidates());
        LookUntil(750, 2500, new TransceiverView(RecordState.Missing));
        Probe(2250, 2650, ProbeAnswer.Silent);
        Look(2650, new TransceiverView(RecordState.Missing));
        Assert.Equal(OwnerState.Silent, State);
    }

    [Fact]
    public void Candidates_LeaveOutWhoGivesItsSlotsAway_ForALease()
    {
        Look(0, Record(0xA, 1));
        _fleet.NoteLeaving(1, At(100));
        Look(250, Record(0xA, 2));
        Assert.Empty(Candidates(at: 250));
        LookUntil(500, 2750, Record(0xA, 3));
        Assert.Equal([1], Candidates(at: 2750));
        Assert.Equal(OwnerState.Alive, State);
    }

    [Fact]
    public void Candidates_LeaveOutWhoIsLeaving()
    {
        Look(0, Record(0xA, 1));
        Assert.Equal([1], Candidates());
        Look(250, Record(0xA, 2, draining: true));
        Assert.Empty(Candidates());
        Assert.Equal(OwnerState.Alive, State);
    }
}
