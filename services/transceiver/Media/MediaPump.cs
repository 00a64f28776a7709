using Dapr.Voice.Opus;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// The media side of one session: Opus from the caller becomes PCM for the agent at once, PCM from the agent becomes Opus on a
/// 20 ms schedule. On the session's thread; nothing here allocates per frame.
/// <code>
/// while (peer.TryReceiveAudio(buffer, out int length, out var frame, now))
///     if (frame.Kind is Lost) pump.OnUplinkLost(now); else pump.OnUplinkPacket(buffer[..length], now);
/// while (pump.NextFrameAt &lt;= now)
///     if (pump.TryNextFrame(now, payload, out DownlinkFrame f)) peer.SendAudio(payload[..f.Length], f.RtpTimestampStep, f.Marker, now);
/// </code>
/// </summary>
internal sealed class MediaPump : IDisposable
{
    /// <summary>The size that a payload buffer needs.</summary>
    public const int MaximumPayloadBytes = OpusCodec.MaximumPacketBytes;

    // A stall of up to 100 ms is caught up, because the caller's jitter buffer holds about that much. After a longer stall, old slots are
    // skipped.
    private const int MaximumCatchUpSlots = 5;

    // A caller that sends nothing (DTX, a muted microphone) is silent. The agent gets silence, because otherwise no turn would ever end. It
    // gets silence for 10 s, which is longer than the longest pause of a turn. After that, silence is useless. A gap of less than 100 ms
    // may be caused by the network.
    private static readonly TimeSpan UplinkGap = TimeSpan.FromMilliseconds(100);
    private const int MaximumFilledFrames = 500;

    private static readonly short[] Silence = new short[AudioFormat.FrameSamples];

    private readonly IMediaSink _agent;
    private readonly DownlinkQueue _downlink;
    private readonly LatenessHistogram _lateness;
    private readonly SessionDropCounters _drops;
    private readonly UplinkDecoder _decoder;
    private readonly DownlinkEncoder _encoder;
    private readonly short[] _frame = new short[AudioFormat.FrameSamples];
    private int _filledInARow;
    private bool _isPlaying;
    private long _filledFrames;
    private long _skippedSlots;

    public MediaPump(OpusCodec codec, IMediaSink agent, DownlinkQueue downlink, LatenessHistogram lateness, SessionDropCounters drops)
    {
        _agent = agent;
        _downlink = downlink;
        _lateness = lateness;
        _drops = drops;
        _decoder = new UplinkDecoder(codec, drops);
        _encoder = new DownlinkEncoder(codec);
    }

    /// <summary>When <see cref="TryNextFrame"/> is due. <see cref="Instant.Never"/> before <see cref="Start"/>.</summary>
    public Instant NextFrameAt { get; private set; } = Instant.Never;

    /// <summary>When the caller's last packet came. <see cref="Instant.Never"/> before the first one.</summary>
    public Instant UplinkAt { get; private set; } = Instant.Never;

    public MediaStatistics Statistics => new(_decoder.Decoded, _decoder.Concealed, _filledFrames, _skippedSlots);

    /// <summary>
    /// Media may flow, because the DTLS handshake is done. The schedule starts now, so the sessions are spread over the 20 ms.
    /// </summary>
    public void Start(Instant now) => NextFrameAt = now;

    /// <summary>One Opus packet of the caller, in order.</summary>
    /// <returns>How many frames the agent got.</returns>
    public int OnUplinkPacket(ReadOnlySpan<byte> opus, Instant now)
    {
        UplinkAt = now;
        _filledInARow = 0;
        _decoder.OnPacket(opus);
        return HandOn(now);
    }

    /// <summary>A packet of the caller is lost and will not come.</summary>
    public void OnUplinkLost(Instant now)
    {
        _decoder.OnLost();
        HandOn(now);
    }

    /// <summary>Runs one 20 ms slot and moves <see cref="NextFrameAt"/> on. Returns false if nothing is to be sent in it.</summary>
    /// <param name="payload">At least <see cref="MaximumPayloadBytes"/>.</param>
    public bool TryNextFrame(Instant now, Span<byte> payload, out DownlinkFrame frame)
    {
        TimeSpan late = now - NextFrameAt;
        _lateness.Record(late, now);
        long behind = late.Ticks / AudioFormat.FrameDuration.Ticks;
        if (behind > MaximumCatchUpSlots)
        {
            _encoder.Skip((uint)behind);
            _skippedSlots += behind;
            NextFrameAt += behind * AudioFormat.FrameDuration;
        }
        NextFrameAt += AudioFormat.FrameDuration;
        FillUplink(now);
        if (_downlink.TryTake(_frame, out DownlinkItem? item))
        {
            bool isSent = _encoder.TryEncode(_frame, payload, out frame);
            _isPlaying = true;
            _agent.OnPlayed(item!, now);
            if (!isSent) _drops.Count(SessionDrop.MediaEncoderRefused);
            return isSent;
        }
        if (_isPlaying && _downlink.IsEmpty)
        {
            _isPlaying = false;
            _agent.OnDrained(now);
        }
        return _encoder.TryEncodeSilence(payload, out frame);
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _encoder.Dispose();
    }

    private int HandOn(Instant now)
    {
        int frames = 0;
        for (; _decoder.TryTake(out ReadOnlySpan<short> frame); frames++) _agent.OnAudio(frame, now);
        return frames;
    }

    private void FillUplink(Instant now)
    {
        if (UplinkAt == Instant.Never || now - UplinkAt < UplinkGap || _filledInARow == MaximumFilledFrames) return;
        _filledInARow++;
        _filledFrames++;
        _agent.OnAudio(Silence, now);
    }
}
