using Dapr.Voice.Opus;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// Decides what to send in each 20 ms slot. While the agent speaks, it sends a frame of speech. After that it sends 200 ms of silence, so
/// that loss concealment cuts no word, and then an empty Opus frame, which receivers understand as an intended pause (DTX). During the
/// pause it sends both again every 400 ms, the interval of Opus' own DTX. That refreshes the decoder and keeps flows and NAT bindings alive
/// at 0.6 kbit/s.
/// </summary>
internal sealed class DownlinkEncoder : IDisposable
{
    private const int HangoverFrames = 10;
    private const int KeepWarmFrames = 20;

    // RFC 6716, section 3.1: the configuration and the stereo bit stay. Code 0 means one frame, and a frame without a byte is a frame that
    // was not sent.
    private const int TocWithoutCode = 0xFC;

    private static readonly short[] Silence = new short[AudioFormat.FrameSamples];

    // Wideband speech with a little room for FEC. docs/protocols/webrtc.md 5 has the cost of each complexity.
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

    /// <summary>Encodes one slot with 480 samples of speech. Returns false if the encoder refused them.</summary>
    public bool TryEncode(ReadOnlySpan<short> pcm, Span<byte> payload, out DownlinkFrame frame)
    {
        _slotsSinceSent++;
        _silentSlots = 0;
        return TrySend(EncodeFrame(pcm, payload), marker: !_hasSent || _slotsSinceSent > 1, out frame);
    }

    /// <summary>Runs one slot without speech. Returns false if nothing is to be sent.</summary>
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

    /// <summary>Skips slots that passed without a call. The RTP clock moves on.</summary>
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
