namespace Dapr.Voice.Opus;

/// <summary>Encodes PCM16 to Opus packets. <see cref="OpusCodec"/> creates it. Only one thread may use it at a time.</summary>
public interface IOpusEncoder : IDisposable
{
    /// <summary>Bits per second, 500 to 300,000 for each channel.</summary>
    int Bitrate { set; }

    /// <summary>0 (fast) to 10 (best). 5 costs about half of 10 (docs/capacity.md has the cost of 5).</summary>
    int Complexity { set; }

    /// <summary>
    /// Adds a coarse copy of each frame to the next packet. It has an effect only if <see cref="ExpectedLossPercent"/> is above zero and
    /// the bit rate leaves room for the copy.
    /// </summary>
    bool InbandFec { set; }

    /// <summary>0 to 100: how much the encoder spends on redundancy.</summary>
    int ExpectedLossPercent { set; }

    /// <summary>
    /// Discontinuous transmission: during silence most packets have at most 2 bytes, and such packets need not be sent.
    /// </summary>
    bool Dtx { set; }

    /// <param name="pcm">One frame of 2.5, 5, 10, 20, 40 or 60 ms with interleaved channels.</param>
    /// <param name="output">Every packet fits into <see cref="OpusCodec.MaximumPacketBytes"/>. A shorter span limits the packet to its
    /// length.</param>
    /// <returns>The number of bytes written, or a negative <see cref="OpusError"/>. It never throws.</returns>
    int Encode(ReadOnlySpan<short> pcm, Span<byte> output);
}
