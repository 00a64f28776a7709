namespace Dapr.Voice.Opus;

/// <summary>
/// Decodes Opus packets to PCM16. One thread at a time uses it. <see cref="OpusCodec"/> makes it. Bad packets are answered with an error,
/// never with an exception.
/// </summary>
public interface IOpusDecoder : IDisposable
{
    /// <param name="pcm">Room for the packet's duration. 120 ms (2,880 samples at 24 kHz mono) holds any packet.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    int Decode(ReadOnlySpan<byte> packet, Span<short> pcm);

    /// <summary>
    /// The frame before <paramref name="next"/> was lost. This decodes the coarse copy of it that <paramref name="next"/> carries, or
    /// conceals the loss if there is no copy. Decode <paramref name="next"/> afterwards.
    /// </summary>
    /// <param name="pcm">Exactly the duration of what was lost, a multiple of 2.5 ms.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    int DecodeFec(ReadOnlySpan<byte> next, Span<short> pcm);

    /// <summary>No packet came. This makes up how the last sound would have gone on, and fades out over successive calls.</summary>
    /// <param name="pcm">Exactly the duration of what was lost, a multiple of 2.5 ms.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    int Conceal(Span<short> pcm);
}
