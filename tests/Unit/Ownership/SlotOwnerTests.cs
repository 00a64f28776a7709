using Dapr.Voice.Ownership;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Ownership;

/// <summary>One process with one slot, and a store that answers at once.</summary>
public sealed class SlotOwnerTests
{
    private static readonly OwnerIdentity Self = new(0, 7);
    private static readonly OwnershipTiming Timing = OwnershipTiming.Default;

    private readonly SlotOwner _owner = new(Self, region: 1, slotCount: 1, shardCount: 1, Timing, Instant.Zero);
    private readonly List<(Instant At, long Epoch)> _claims = [];
    private TransceiverView _record = new(RecordState.Missing);
    private SlotView _slot = new(RecordState.Missing);
    private Instant _now = Instant.Zero;

    [Fact]
    public void Slot_WithoutARecord_IsClaimedAfterALease()
    {
        Run(5);
        (Instant at, long epoch) = Assert.Single(_claims);
        Assert.InRange((at - Instant.Zero) / Timing.Lease, 1, 1.5);
        Assert.Equal(1, epoch);
    }

    /// <summary>
    /// Seed 1383306 of the simulator: another process had taken the slot since the last look, and the store lost its data before the next
    /// one. Nobody here had ever seen the record.
    /// </summary>
    [Fact]
    public void Slot_WithoutARecord_WhoseEpochARelayHasTold_IsOneThatTheStoreHasLost()
    {
        _owner.SetFit(false);
        Run(5);
        Assert.Empty(_claims);
        _owner.NoteEpochSeen(0, 1);
        _owner.SetFit(true);
        Instant told = _now;
        Run(0.5);
        Assert.True(_owner.IsStoreLost(_now));
        Run(5);
        (Instant at, long epoch) = Assert.Single(_claims);
        Assert.InRange((at - told) / Timing.Lease, 1, 1.5);
        Assert.Equal(2, epoch);
    }

    private void Run(double seconds)
    {
        for (Instant end = _now + TimeSpan.FromSeconds(seconds); _now < end; _now += TimeSpan.FromMilliseconds(10))
        {
            _owner.HandleTimeout(_now);
            while (_owner.TryTakeRequest(out OwnershipRequest request)) Answer(request);
        }
    }

    private void Answer(in OwnershipRequest request)
    {
        switch (request.Kind)
        {
            case OwnershipRequestKind.ReadFleet:
                _owner.FleetRead([_record], _now);
                break;
            case OwnershipRequestKind.WriteRecord:
                _record = new TransceiverView(RecordState.Present, Self.Incarnation, $"{request.Epoch}", request.Epoch);
                _owner.RecordWritten(StoreWrite.Written, _now);
                break;
            case OwnershipRequestKind.ReadSlots:
                _owner.SlotsRead([_slot], _now);
                break;
            case OwnershipRequestKind.WriteSlot:
                _claims.Add((_now, request.Epoch));
                _slot = new SlotView(RecordState.Present, request.Owner, request.Epoch, "1");
                _owner.SlotWritten(request.Slot, StoreWrite.Written, _now);
                break;
        }
    }
}
