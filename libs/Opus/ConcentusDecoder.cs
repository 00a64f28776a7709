using System.Diagnostics.CodeAnalysis;
using Concentus;
using Concentus.Common;
using Concentus.Structs;

namespace Dapr.Voice.Opus;

/// <summary>
/// The decoder of Concentus. It decodes at 48 kHz whatever rate is wanted, and resamples: below 48 kHz it gives silence for hybrid packets,
/// which wideband speech at 24 to 40 kbit/s consists of. The resampler delays the sound by less than 1 ms.
/// </summary>
internal sealed class ConcentusDecoder : IOpusDecoder
{
    private const int DecodedRate = 48_000;

    /// <summary>RFC 6716, section 3.2.5: no packet is longer than 120 ms.</summary>
    private const int MaximumPacketSamples = DecodedRate * 120 / 1_000;

    /// <summary>The two low bits of a packet's first byte say how many frames it has (RFC 6716, section 3.1).</summary>
    private const int CodeBits = 3;

    // Of speexdsp, 0 to 10: its authors' choice for telephony.
    private const int ResamplerQuality = 3;

    private readonly global::Concentus.IOpusDecoder _decoder;
    private readonly IResampler? _resampler;
    private readonly short[] _decoded;
    private readonly int _channels;
    private readonly int _factor;

    public ConcentusDecoder(int sampleRate, int channels)
    {
        ConcentusLibrary.StayManaged();
        (_channels, _factor) = (channels, DecodedRate / sampleRate);
        _decoder = OpusCodecFactory.CreateDecoder(DecodedRate, channels);
        _decoded = new short[MaximumPacketSamples * channels];
#pragma warning disable CS0618 // The factory that is recommended instead looks for a native libspeexdsp, and has no switch against it.
        if (_factor > 1) _resampler = new SpeexResampler(channels, DecodedRate, sampleRate, ResamplerQuality);
#pragma warning restore CS0618
    }

    public int Decode(ReadOnlySpan<byte> packet, Span<short> pcm)
    {
        if (packet.IsEmpty) return (int)OpusError.InvalidPacket;
        // RFC 6716, section 3.2: code 0 is one frame, all that a browser sends.
        if ((packet[0] & CodeBits) == 0) return IsUnsentFrame(packet) ? ConcealFrame(packet, pcm) : Run(packet, pcm, fromNext: false);
        if (!TryParse(packet, out OpusPacketInfo? parsed)) return (int)OpusError.InvalidPacket;
        return parsed.Frames.All(frame => frame.Length > 1) ? Run(packet, pcm, fromNext: false) : DecodeEach(parsed, packet[0], pcm);
    }

    public int DecodeFec(ReadOnlySpan<byte> next, Span<short> pcm)
    {
        if (next.IsEmpty) return (int)OpusError.InvalidPacket;
        if ((next[0] & CodeBits) != 0)
        {
            // The copy of what was lost is in the first frame.
            if (!TryParse(next, out OpusPacketInfo? parsed)) return (int)OpusError.InvalidPacket;
            next = OneFrame(next[0], parsed.Frames[0]);
        }
        return IsUnsentFrame(next) ? Conceal(pcm) : Run(next, pcm, fromNext: true);
    }

    public int Conceal(Span<short> pcm) => Run([], pcm, fromNext: false);

    public void Dispose()
    {
        (_decoder as IDisposable)?.Dispose();
        (_resampler as IDisposable)?.Dispose();
    }

    /// <summary>
    /// A frame of no byte or of one is a frame that was not sent, as in discontinuous transmission (RFC 6716, section 3.2.1). Concentus
    /// fails on it, so such frames are concealed here, which is what libopus does.
    /// </summary>
    private static bool IsUnsentFrame(ReadOnlySpan<byte> packetOfOne) => packetOfOne.Length <= 2;

    private static byte[] OneFrame(byte toc, byte[] frame) => [(byte)(toc & ~CodeBits), .. frame];

    /// <summary>A packet of several frames is rare, so this may allocate.</summary>
    private static bool TryParse(ReadOnlySpan<byte> packet, [NotNullWhen(true)] out OpusPacketInfo? parsed)
    {
        parsed = null;
        try
        {
            parsed = OpusPacketInfo.ParseOpusPacket(packet);
        }
        catch (Exception)
        {
            // Whatever the parser found, or stumbled over, these bytes are no packet.
        }
        return parsed is { Frames.Count: > 0 };
    }

    private int ConcealFrame(ReadOnlySpan<byte> packet, Span<short> pcm)
    {
        int samples = OpusPacketInfo.GetNumSamplesPerFrame(packet, DecodedRate) / _factor * _channels;
        return samples > pcm.Length ? (int)OpusError.BufferTooSmall : Conceal(pcm[..samples]);
    }

    /// <summary>A packet of several frames, of which some were not sent.</summary>
    private int DecodeEach(OpusPacketInfo packet, byte toc, Span<short> pcm)
    {
        int samples = OpusPacketInfo.GetNumSamplesPerFrame([toc], DecodedRate) * packet.Frames.Count;
        if (samples > MaximumPacketSamples) return (int)OpusError.InvalidPacket;
        if (samples / _factor * _channels > pcm.Length) return (int)OpusError.BufferTooSmall;
        int decoded = 0;
        foreach (byte[] frame in packet.Frames)
        {
            int result = Decode(OneFrame(toc, frame), pcm[(decoded * _channels)..]);
            if (result < 0) return result;
            decoded += result;
        }
        return decoded;
    }

    private int Run(ReadOnlySpan<byte> packet, Span<short> pcm, bool fromNext)
    {
        int room = pcm.Length / _channels;
        if (room == 0) return (int)OpusError.BadArgument;
        try
        {
            int decoded = _decoder.Decode(packet, _decoded, Math.Min(room * _factor, MaximumPacketSamples), fromNext);
            if (decoded <= 0) return decoded;
            if (_resampler is null)
            {
                _decoded.AsSpan(0, decoded * _channels).CopyTo(pcm);
                return decoded;
            }
            // The ratio is whole and packets are multiples of 2.5 ms, so all input is used and each call fills exactly its share.
            int samples = decoded / _factor;
            _resampler.ProcessInterleaved(_decoded.AsSpan(0, decoded * _channels), ref decoded, pcm, ref samples);
            return samples;
        }
        catch (Exception thrown)
        {
            int error = ConcentusLibrary.ErrorOf(thrown);
            // Unless it refused the packet as a whole, it was interrupted in the middle of its work: what it holds of earlier packets can't
            // be relied on.
            if (error is not ((int)OpusError.InvalidPacket or (int)OpusError.BufferTooSmall)) _decoder.ResetState();
            return error;
        }
    }
}
