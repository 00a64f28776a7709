namespace Dapr.Voice.Opus;

/// <summary>
/// Decodes Opus packets to PCM16. <see cref="OpusCodec"/> creates it. Only one thread may use it at a time. A bad packet causes an error
/// result, never an exception.
/// </summary>
public interface IOpusDecoder : IDisposable
{
    /// <param name="pcm">Room for the duration of the packet. Every packet fits into 120 ms (2,880 samples at 24 kHz mono).</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    int Decode(ReadOnlySpan<byte> packet, Span<short> pcm);

    /// <summary>
    /// Restores the lost frame before <paramref name="next"/>. It decodes the coarse copy of that frame in <paramref name="next"/>, or
    /// conceals the loss if there is no copy. Decode <paramref name="next"/> afterwards.
    /// </summary>
    /// <param name="pcm">Exactly the duration of the lost frame, a multiple of 2.5 ms.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    int DecodeFec(ReadOnlySpan<byte> next, Span<short> pcm);

    /// <summary>Conceals a packet that did not arrive: continues the last sound, and fades it out over successive calls.</summary>
    /// <param name="pcm">Exactly the duration of the lost frame, a multiple of 2.5 ms.</param>
    /// <returns>Samples per channel, or a negative <see cref="OpusError"/>.</returns>
    int Conceal(Span<short> pcm);
}
