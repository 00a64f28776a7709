using Dapr.Voice.Wire;

namespace Dapr.Voice.Ownership;

/// <summary>
/// Says whether a worker's loop may send. A loop that stood still for longer than <see cref="OwnershipTiming.Fence"/> may not: another
/// owner may have its slots. It may again when a confirmation of its ownership arrives that began after the pause. One loop uses it.
/// </summary>
public sealed class SendFence
{
    private readonly TimeSpan _limit;
    private readonly RuleBreak _broken;
    private Instant _lastRun;
    private Instant _fencedAt = new(long.MinValue);

    public SendFence(OwnershipTiming timing, Instant now) : this(timing, now, RuleBreak.None)
    {
    }

    internal SendFence(OwnershipTiming timing, Instant now, RuleBreak broken)
    {
        (_limit, _lastRun, _broken) = (timing.Fence, now, broken);
        if (broken == RuleBreak.FenceTooLate) _limit = timing.Lease * 2;
    }

    /// <summary>Whether the loop may send, as of its last <see cref="Run"/>.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>Call it before anything is sent.</summary>
    /// <param name="confirmedAt">When the last confirmation began: a read of the slots' records that showed them as ours, or an
    /// announcement to a relay that it acknowledged.</param>
    /// <returns>True if the fence has just closed. Ask for a confirmation then.</returns>
    public bool Run(Instant now, Instant confirmedAt)
    {
        bool stoodStill = now - _lastRun > _limit && _broken != RuleBreak.NoFence;
        _lastRun = now;
        if (stoodStill)
        {
            _fencedAt = now;
            IsOpen = _broken == RuleBreak.FenceLiftedByOldConfirmation && confirmedAt.Ticks > 0;
            return true;
        }
        if (!IsOpen && (confirmedAt >= _fencedAt || _broken == RuleBreak.FenceOpensByItself)) IsOpen = true;
        return false;
    }

    /// <summary>A relay has acknowledged what was announced at this time, so nothing that it knows contradicts it.</summary>
    public void Confirm(Instant announcedAt)
    {
        if (announcedAt >= _fencedAt) IsOpen = true;
    }
}
