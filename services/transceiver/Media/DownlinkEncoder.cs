using Dapr.Voice.Opus;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// Says what to send in each 20 ms slot. While the agent speaks, a frame. Then 200 ms of silence, so that no word is cut by loss
/// concealment, then an empty Opus frame, which receivers take as a pause that was meant (DTX). In the pause the same pair every 400 ms,
/// the interval of Opus' own DTX: it refreshes the decoder, and keeps flows and NAT bindings warm at 0.6 kbit/s.
/// </summary>
internal sealed class DownlinkEncoder : IDisposable
{
    private const int HangoverFrames = 10;
    private const int KeepWarmFrames = 20;

    // RFC 6716, section 3.1: configuration and stereo bit stay, code 0 is one frame; without a byte of it, it is a frame not sent.
    private const int TocWithoutCode = 0xFC;

    private static readonly short[] Silence = new short[AudioFormat.FrameSamples];

    // Wideband speech and a little room for FEC; docs/protocols/webrtc.md 5 has the price of each complexity.
    private const int Bitrate = 32_000;
    private const int Complexity = 5;
    private const int ExpectedLossPercent = 5;

    private readonly IOpusEncoder _encoder;

    private byte _toc;
    private int _silentSlots;
    private uint _slotsSinceSent;
    private bool _hasSent;

    public DownlinkEncoder(OpusCodec codec)
    {
        _encoder = codec.CreateEncoder(AudioFormat.SampleRate);
        _encoder.Bitrate = Bitrate;
        _encoder.Complexity = Complexity;
        _encoder.InbandFec = true;
        _encoder.ExpectedLossPercent = ExpectedLossPercent;
    }

    /// <summary>One slot with 480 samples of speech. False if the encoder refused them.</summary>
    public bool TryEncode(ReadOnlySpan<short> pcm, Span<byte> payload, out DownlinkFrame frame)
    {
        _slotsSinceSent++;
        _silentSlots = 0;
        return TrySend(EncodeFrame(pcm, payload), marker: !_hasSent || _slotsSinceSent > 1, out frame);
    }

    /// <summary>One slot with nothing to say. False: nothing is sent.</summary>
    public bool TryEncodeSilence(Span<byte> payload, out DownlinkFrame frame)
    {
        frame = default;
        _slotsSinceSent++;
        int slot = _silentSlots++;
        if (slot >= HangoverFrames + KeepWarmFrames) _silentSlots -= KeepWarmFrames;
        int phase = (slot - HangoverFrames) % KeepWarmFrames;
        if (slot < HangoverFrames || phase == KeepWarmFrames - 1) return TrySend(EncodeFrame(Silence, payload), marker: false, out frame);
        if (phase != 0) return false;
        payload[0] = _toc;
        return TrySend(1, marker: false, out frame);
    }

    /// <summary>Slots that passed without anybody calling: the RTP clock goes on.</summary>
    public void Skip(uint slots) => _slotsSinceSent += slots;

    public void Dispose() => _encoder.Dispose();

    private int EncodeFrame(ReadOnlySpan<short> pcm, Span<byte> payload)
    {
        int length = _encoder.Encode(pcm, payload);
        if (length > 0) _toc = (byte)(payload[0] & TocWithoutCode);
        return length;
    }

    private bool TrySend(int length, bool marker, out DownlinkFrame frame)
    {
        frame = default;
        if (length <= 0) return false;
        frame = new DownlinkFrame(length, _slotsSinceSent * AudioFormat.RtpTicksPerFrame, marker);
        _slotsSinceSent = 0;
        _hasSent = true;
        return true;
    }
}
