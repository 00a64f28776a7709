using Dapr.Voice.Opus;
using Dapr.Voice.Transceiver.Drops;

namespace Dapr.Voice.Transceiver.Media;

/// <summary>
/// Decodes the caller's Opus packets, of any duration, mono or stereo, to frames of 20 ms. A lost packet is repaired from the packet after
/// it (in-band FEC) or else concealed. It adds no delay: decoded audio can be taken at once.
/// </summary>
internal sealed class UplinkDecoder(OpusCodec codec, SessionDropCounters drops) : IDisposable
{
    /// <summary>RFC 6716, section 3.2.5: no packet is longer than 120 ms.</summary>
    private const int MaximumPacketSamples = 120 * AudioFormat.SamplesPerMillisecond;

    /// <summary>The decoder fades to silence over about 100 ms. Concealing more of a gap would only invent sound.</summary>
    private const int MaximumConcealedInARow = 5;

    private readonly IOpusDecoder _decoder = codec.CreateDecoder(AudioFormat.SampleRate);

    // Before each packet, less than a frame waits to be taken. So one lost packet and one complete packet always fit.
    private readonly short[] _pcm = new short[2 * MaximumPacketSamples + AudioFormat.FrameSamples];
    private int _start;
    private int _end;
    private int _packetSamples = AudioFormat.FrameSamples;
    private int _lostInARow;
    private bool _isLossPending;

    /// <summary>The number of decoded packets.</summary>
    public long Decoded { get; private set; }

    /// <summary>The number of lost packets whose place was filled, from the next packet's redundancy if it had some.</summary>
    public long Concealed { get; private set; }

    public void OnPacket(ReadOnlySpan<byte> opus)
    {
        RepairFrom(opus);
        Compact();
        int samples = opus.IsEmpty ? 0 : _decoder.Decode(opus, _pcm.AsSpan(_end, MaximumPacketSamples));
        if (samples <= 0)
        {
            drops.Count(SessionDrop.MediaNotOpus);
            OnLost();
            return;
        }
        _packetSamples = samples;
        _end += samples;
        _lostInARow = 0;
        Decoded++;
    }

    /// <summary>One packet is missing. Its place is filled when the next packet is here, because that may contain the lost audio.</summary>
    public void OnLost()
    {
        if (_isLossPending) Conceal();
        _isLossPending = ++_lostInARow <= MaximumConcealedInARow;
    }

    /// <summary>Takes the next 480 samples. They are valid until the next call of any member.</summary>
    public bool TryTake(out ReadOnlySpan<short> frame)
    {
        frame = default;
        if (_end - _start < AudioFormat.FrameSamples) return false;
        frame = _pcm.AsSpan(_start, AudioFormat.FrameSamples);
        _start += AudioFormat.FrameSamples;
        return true;
    }

    public void Dispose() => _decoder.Dispose();

    private void RepairFrom(ReadOnlySpan<byte> next)
    {
        if (!_isLossPending) return;
        Compact();
        if (_decoder.DecodeFec(next, _pcm.AsSpan(_end, _packetSamples)) <= 0)
        {
            Conceal();
            return;
        }
        _isLossPending = false;
        _end += _packetSamples;
        Concealed++;
    }

    private void Conceal()
    {
        Compact();
        _isLossPending = false;
        if (_decoder.Conceal(_pcm.AsSpan(_end, _packetSamples)) <= 0) return;
        _end += _packetSamples;
        Concealed++;
    }

    // Frames that were not taken are dropped, so that the array is not overrun. The caller must take them.
    private void Compact()
    {
        if (_end - _start > AudioFormat.FrameSamples + MaximumPacketSamples)
        {
            drops.Count(SessionDrop.MediaUplinkOverflow, AudioFormat.FramesIn(_end - _start));
            _start = _end;
        }
        _pcm.AsSpan(_start, _end - _start).CopyTo(_pcm);
        _end -= _start;
        _start = 0;
    }
}
