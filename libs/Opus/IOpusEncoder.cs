namespace Dapr.Voice.Opus;

/// <summary>Encodes PCM16 to Opus packets. One thread at a time uses it. <see cref="OpusCodec"/> makes it.</summary>
public interface IOpusEncoder : IDisposable
{
    /// <summary>Bits per second, 500 to 300,000 for each channel.</summary>
    int Bitrate { set; }

    /// <summary>0 (fast) to 10 (best). 5 costs about half of 10 (docs/capacity.md has the price of 5).</summary>
    int Complexity { set; }

    /// <summary>
    /// Repeats a coarse copy of each frame in the packet after it. It has an effect where <see cref="ExpectedLossPercent"/> is above zero
    /// and the bit rate leaves room for the copy.
    /// </summary>
    bool InbandFec { set; }

    /// <summary>0 to 100: how much the encoder spends on redundancy.</summary>
    int ExpectedLossPercent { set; }

    /// <summary>Discontinuous transmission: in silence most frames become packets of at most 2 bytes, which need not be sent.</summary>
    bool Dtx { set; }

    /// <param name="pcm">One frame of 2.5, 5, 10, 20, 40 or 60 ms, channels interleaved.</param>
    /// <param name="output"><see cref="OpusCodec.MaximumPacketBytes"/> holds any packet. A shorter span limits the packet to its
    /// length.</param>
    /// <returns>Bytes written, or a negative <see cref="OpusError"/>. It never throws.</returns>
    int Encode(ReadOnlySpan<short> pcm, Span<byte> output);
}
