using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>
/// What one caller may use of the thread that serves a hundred others. All limits are here; decision 0032 says what an honest client needs
/// of each. Events beyond a limit wait, and the client's window closes. Packets, fragments and audio beyond a limit are dropped and
/// counted. The client is told at most once a second. It belongs to the session's thread.
/// </summary>
internal sealed class SessionBudget
{
    /// <summary>
    /// Packets of any kind. A call sends 51, at most 400 with the shortest Opus frames, and a large event comes in 250.
    /// </summary>
    public const int PacketsPerSecond = 1000, PacketBurst = 2000;

    /// <summary>
    /// DATA chunks of SCTP: fragments of messages, and small messages that share a packet. An event of 256 KiB has 250.
    /// </summary>
    public const int ChunksPerSecond = 1000;

    /// <summary>Events on the data channel. A client that restores a conversation sends hundreds at once.</summary>
    public const int EventsPerSecond = 50, EventBurst = 500;

    /// <summary>Bytes of these events. The burst is four of the largest.</summary>
    public const int EventBytesPerSecond = 128 * 1024, EventBytesBurst = 1024 * 1024;

    /// <summary>
    /// Samples of the caller's audio: twice real time, and 10 s at once after the network stood still. An agent may cost money by the
    /// second.
    /// </summary>
    public const int AudioSamplesPerSecond = 2 * AudioFormat.SampleRate, AudioSamplesBurst = 10 * AudioFormat.SampleRate;

    // 2.5 ms. Decoding costs something even if a packet gives no whole frame.
    private const int SmallestPacketSamples = AudioFormat.SampleRate / 400;

    /// <summary>How much one call into the session reads. The thread sends the frames of other sessions in between.</summary>
    public const int EventBytesPerTurn = 64 * 1024;

    private static readonly TimeSpan NoticeInterval = TimeSpan.FromSeconds(1);

    private readonly SessionDropCounters _drops;
    private RateLimit _packets = new(PacketsPerSecond, PacketBurst);
    private RateLimit _events = new(EventsPerSecond, EventBurst);
    private RateLimit _eventBytes = new(EventBytesPerSecond, EventBytesBurst);
    private RateLimit _audio = new(AudioSamplesPerSecond, AudioSamplesBurst);
    private int _turnBytes;
    private bool _areEventsDelayed;
    private long _toldDrops, _toldDelays;
    private Instant _nextNotice;

    public SessionBudget(SessionDropCounters drops) => _drops = drops;

    /// <summary>When waiting events may go on. <see cref="Instant.Never"/> if none wait.</summary>
    public Instant EventsGoOnAt { get; private set; } = Instant.Never;

    /// <summary>Returns false, and counts the packet, if it is too much.</summary>
    public bool TryTakePacket(Instant now)
    {
        if (_packets.TryTake(now)) return true;
        _drops.Count(SessionDrop.BudgetPackets);
        return false;
    }

    /// <summary>Returns false, and counts the packet, if it is too much. Otherwise it is decoded, see <see cref="NoteAudio"/>.</summary>
    public bool TryTakeAudio(Instant now)
    {
        if (!_audio.IsReached(now)) return true;
        _drops.Count(SessionDrop.BudgetAudio);
        return false;
    }

    /// <param name="frames">How many frames of 20 ms a packet gave.</param>
    public void NoteAudio(int frames, Instant now) => _audio.Spend(SmallestPacketSamples + frames * AudioFormat.FrameSamples, now);

    /// <summary>Begins a turn of reading events.</summary>
    public void BeginEvents()
    {
        _turnBytes = 0;
        EventsGoOnAt = Instant.Never;
    }

    /// <summary>Says whether the next event may be read in this turn. If not, the session must come again.</summary>
    /// <param name="isOneWaiting">An event has arrived.</param>
    public bool MayReadEvent(bool isOneWaiting, Instant now)
    {
        if (_events.IsReached(now) || _eventBytes.IsReached(now))
        {
            if (!isOneWaiting) return false;
            if (!_areEventsDelayed) _drops.Count(SessionDrop.BudgetEventsDelayed);
            _areEventsDelayed = true;
            EventsGoOnAt = Instant.Max(_events.FreeAt, _eventBytes.FreeAt);
            return false;
        }
        _areEventsDelayed = false;
        if (_turnBytes < EventBytesPerTurn) return true;
        if (isOneWaiting) EventsGoOnAt = now;
        return false;
    }

    /// <summary>An event was read.</summary>
    public void NoteEvent(int bytes, Instant now)
    {
        _turnBytes += bytes;
        _events.Spend(1, now);
        _eventBytes.Spend(bytes, now);
    }

    /// <summary>
    /// Returns true, at most once a second, if something was too much since the last time. <paramref name="message"/> then says what.
    /// </summary>
    /// <param name="droppedChunks">How many DATA chunks of the session were too much so far.</param>
    public bool TryTakeNotice(long droppedChunks, Instant now, out string message)
    {
        message = "";
        long packets = _drops[SessionDrop.BudgetPackets], audio = _drops[SessionDrop.BudgetAudio];
        long dropped = packets + audio + droppedChunks, delays = _drops[SessionDrop.BudgetEventsDelayed];
        if ((dropped == _toldDrops && delays == _toldDelays) || now < _nextNotice) return false;
        message = dropped == _toldDrops
            ? $"Events come too fast and wait: {EventsPerSecond} a second and {EventBytesPerSecond} bytes a second are read."
            : $"Too much arrives: {packets} packets, {droppedChunks} fragments and {audio} audio packets of this call were dropped so far.";
        (_toldDrops, _toldDelays, _nextNotice) = (dropped, delays, now + NoticeInterval);
        return true;
    }
}
