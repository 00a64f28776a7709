using Dapr.Voice.Transceiver.Agents;
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
    /// <summary>What a payload buffer must hold (RFC 6716, section 3.2.1: an Opus frame ends at 1275 bytes, plus its TOC byte).</summary>
    public const int MaximumPayloadBytes = 1276;

    private readonly Agent _agent;
    private readonly DownlinkQueue _downlink;
    private readonly LatenessHistogram _lateness;

    public MediaPump(Agent agent, DownlinkQueue downlink, LatenessHistogram lateness)
    {
        _agent = agent;
        _downlink = downlink;
        _lateness = lateness;
    }

    /// <summary>When <see cref="TryNextFrame"/> is due; <see cref="Instant.Never"/> before <see cref="Start"/>.</summary>
    public Instant NextFrameAt { get; private set; } = Instant.Never;

    /// <summary>Media may flow: the DTLS handshake is done. The schedule starts here, so sessions spread over the 20 ms by themselves.</summary>
    public void Start(Instant now) => NextFrameAt = now;

    /// <summary>One Opus packet of the caller, in order.</summary>
    public void OnUplinkPacket(ReadOnlySpan<byte> opus, Instant now) => throw new NotSupportedException();

    /// <summary>A packet of the caller is missing for good.</summary>
    public void OnUplinkLost(Instant now) => throw new NotSupportedException();

    /// <summary>Runs one 20 ms slot and moves <see cref="NextFrameAt"/> on. False: nothing is to be sent in it.</summary>
    /// <param name="payload">At least <see cref="MaximumPayloadBytes"/>.</param>
    public bool TryNextFrame(Instant now, Span<byte> payload, out DownlinkFrame frame) => throw new NotSupportedException(_agent.ToString() + _downlink + _lateness);

    public void Dispose() { }
}
