using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dapr.Voice.Transceiver.Media;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// What a caller hears when the agent's backend is given up: "Sorry, the assistant is not available. Please call again later." It is
/// a recording, because no speech synthesis runs beside a transceiver. Decision 0033 says how it was made.
/// </summary>
internal static class Apology
{
    private const string Resource = "apology.wav";

    /// <summary>24 kHz, mono. Read once, when it is first used.</summary>
    public static ReadOnlyMemory<short> Pcm => s_pcm.Value;

    private static readonly Lazy<short[]> s_pcm = new(Load);

    private static short[] Load()
    {
        using Stream stream = typeof(Apology).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The assembly has no {Resource}.");
        byte[] wave = new byte[stream.Length];
        stream.ReadExactly(wave);
        ReadOnlySpan<byte> chunks = wave.AsSpan(12);
        while (chunks.Length > 8)
        {
            ReadOnlySpan<byte> name = chunks[..4];
            ReadOnlySpan<byte> data = chunks.Slice(8, BinaryPrimitives.ReadInt32LittleEndian(chunks[4..]));
            if (name.SequenceEqual("fmt "u8) && BinaryPrimitives.ReadInt32LittleEndian(data[4..]) != AudioFormat.SampleRate) break;
            if (name.SequenceEqual("data"u8)) return MemoryMarshal.Cast<byte, short>(data).ToArray();
            chunks = chunks[(8 + data.Length)..];
        }
        throw new InvalidOperationException($"{Resource} is not a recording of {AudioFormat.SampleRate} Hz.");
    }
}
