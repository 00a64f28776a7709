using System.Diagnostics.CodeAnalysis;
using Concentus;
using Concentus.Common;
using Concentus.Structs;

namespace Dapr.Voice.Opus;

/// <summary>
/// The decoder of Concentus. It always decodes at 48 kHz and resamples to the wanted rate. Below 48 kHz it would return silence for hybrid
/// packets, which are the normal packets of wideband speech at 24 to 40 kbit/s. The resampler delays the sound by less than 1 ms.
/// </summary>
internal sealed class ConcentusDecoder : IOpusDecoder
{
    private const int DecodedRate = 48_000;

    /// <summary>RFC 6716, section 3.2.5: no packet is longer than 120 ms.</summary>
    private const int MaximumPacketSamples = DecodedRate * 120 / 1_000;

    /// <summary>The two low bits of a packet's first byte say how many frames it has (RFC 6716, section 3.1).</summary>
    private const int CodeBits = 3;

    // The quality of speexdsp's resampler, from 0 to 10. Its authors recommend 3 for telephony.
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
        // RFC 6716, section 3.2: code 0 is one frame. Browsers send nothing else.
        if ((packet[0] & CodeBits) == 0) return IsUnsentFrame(packet) ? ConcealFrame(packet, pcm) : Run(packet, pcm, fromNext: false);
        if (!TryParse(packet, out OpusPacketInfo? parsed)) return (int)OpusError.InvalidPacket;
        return parsed.Frames.All(frame => frame.Length > 1) ? Run(packet, pcm, fromNext: false) : DecodeEach(parsed, packet[0], pcm);
    }

    public int DecodeFec(ReadOnlySpan<byte> next, Span<short> pcm)
    {
        if (next.IsEmpty) return (int)OpusError.InvalidPacket;
        if ((next[0] & CodeBits) != 0)
        {
            // The copy of the lost frame is in the first frame.
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
    /// Returns true for a frame of zero or one byte. Such a frame stands for one that was not sent, as in discontinuous transmission (RFC
    /// 6716, section 3.2.1). Concentus fails on it, so such frames are concealed here, as libopus does.
    /// </summary>
    private static bool IsUnsentFrame(ReadOnlySpan<byte> packetOfOne) => packetOfOne.Length <= 2;

    private static byte[] OneFrame(byte toc, byte[] frame) => [(byte)(toc & ~CodeBits), .. frame];

    /// <summary>Parses a packet of several frames. Such packets are rare, so this may allocate.</summary>
    private static bool TryParse(ReadOnlySpan<byte> packet, [NotNullWhen(true)] out OpusPacketInfo? parsed)
    {
        parsed = null;
        try
        {
            parsed = OpusPacketInfo.ParseOpusPacket(packet);
        }
        catch (Exception)
        {
            // Whatever the parser threw, these bytes are not a packet.
        }
        return parsed is { Frames.Count: > 0 };
    }

    private int ConcealFrame(ReadOnlySpan<byte> packet, Span<short> pcm)
    {
        int samples = OpusPacketInfo.GetNumSamplesPerFrame(packet, DecodedRate) / _factor * _channels;
        return samples > pcm.Length ? (int)OpusError.BufferTooSmall : Conceal(pcm[..samples]);
    }

    /// <summary>Decodes a packet of several frames, of which some were not sent.</summary>
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
            // The ratio is an integer and packets are multiples of 2.5 ms, so each call uses all its input and fills exactly its part of
            // the output.
            int samples = decoded / _factor;
            _resampler.ProcessInterleaved(_decoded.AsSpan(0, decoded * _channels), ref decoded, pcm, ref samples);
            return samples;
        }
        catch (Exception thrown)
        {
            int error = ConcentusLibrary.ErrorOf(thrown);
            // Unless the decoder rejected the packet as a whole, it stopped in the middle of its work. Its memory of earlier packets is
            // then unreliable.
            if (error is not ((int)OpusError.InvalidPacket or (int)OpusError.BufferTooSmall)) _decoder.ResetState();
            return error;
        }
    }
}
