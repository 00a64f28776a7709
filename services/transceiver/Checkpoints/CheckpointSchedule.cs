using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>
/// Decides when a session's checkpoint is written (docs/decisions/0038): when its peer says so, and once per turn of the conversation. A
/// session has one write at a time. It does no I/O. The session's thread uses it.
/// </summary>
internal sealed class CheckpointSchedule
{
    /// <summary>
    /// A change of the conversation waits for the end of its turn, but no longer than this. So a response that takes longer has a second
    /// checkpoint.
    /// </summary>
    public static readonly TimeSpan TurnWait = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A path that moved waits for this time, and for as long again by chance: the client's next packet shows a successor where it is. A
    /// relay that leaves moves the paths of all its calls in one moment, and their checkpoints would take the processor from the packets.
    /// </summary>
    public static readonly TimeSpan PathWait = TimeSpan.FromSeconds(1);

    /// <summary>The least time from the end of a write to the next one.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// A session that was handed over has the numbers of the checkpoint that its last owner wrote. So its own one may come when the
    /// hand-over is over, which needs the processor.
    /// </summary>
    public static readonly TimeSpan AfterHandOver = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private Instant _dueAt = Instant.Never, _notBefore = new(long.MinValue);
    private TimeSpan _pause = Pause;
    private bool _isWriting;

    /// <summary>When <see cref="TryBegin"/> may succeed, unless the peer's checkpoint is due before.</summary>
    public Instant NextTimeout => _isWriting || _dueAt == Instant.Never ? Instant.Never : Instant.Max(_dueAt, _notBefore);

    /// <summary>Something changed that matters. The checkpoint is due at this time at the latest.</summary>
    public void Request(Instant at) => _dueAt = Instant.Min(_dueAt, at);

    /// <summary>Begins no write before this time.</summary>
    public void Defer(Instant until) => _notBefore = Instant.Max(_notBefore, until);

    /// <summary>
    /// Begins a write if one is due and none runs. The caller takes the content now, so everything that was requested is in it.
    /// </summary>
    /// <param name="isPeerDue"><c>PeerSession.IsCheckpointDue</c>.</param>
    public bool TryBegin(bool isPeerDue, Instant now)
    {
        if (_isWriting || now < _notBefore || (!isPeerDue && now < _dueAt)) return false;
        _isWriting = true;
        _dueAt = Instant.Never;
        return true;
    }

    /// <summary>The write has ended. One that failed is repeated after a pause, which doubles.</summary>
    public void Complete(bool isWritten, Instant now)
    {
        _isWriting = false;
        if (isWritten) _pause = Pause;
        _notBefore = now + _pause;
        if (isWritten) return;
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        Request(_notBefore);
    }
}
