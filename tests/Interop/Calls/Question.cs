using System.Buffers.Binary;
using Dapr.Voice.Opus;
using Dapr.Voice.TestKit.Speech;
using Dapr.Voice.Tests.Interop.Machine;

namespace Dapr.Voice.Tests.Interop.Calls;

/// <summary>The question that every peer asks, "What time is it?", for stacks with a codec (WAVE) and for stacks without (Opus).</summary>
internal sealed class Question
{
    private const int SampleRate = 48_000;
    private const int FrameSamples = SampleRate / 50;

    public const string Words = "what time is it";

    public Question(InteropSystem system)
    {
        string folder = system.Folder("questions");
        (short[] recorded, int rate) = WavFile.Read(Checkout.Question);
        short[] samples = SampleRateOf(recorded, rate);
        Wav = Path.Combine(folder, "question.wav");
        WavFile.Write(Wav, samples, SampleRate);
        Opus = Path.Combine(folder, "question.opus-frames");
        File.WriteAllBytes(Opus, Encode(samples));
    }

    /// <summary>PCM16 mono, 48 kHz.</summary>
    public string Wav { get; }

    /// <summary>Opus packets of 20 ms, each with its length in front, in two bytes.</summary>
    public string Opus { get; }

    private static short[] SampleRateOf(short[] samples, int rate) => TestKit.Speech.SampleRate.Convert(samples, rate, SampleRate);

    private static byte[] Encode(short[] samples)
    {
        using IOpusEncoder encoder = OpusCodec.Libopus.CreateEncoder(SampleRate);
        var file = new MemoryStream();
        byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
        byte[] length = new byte[sizeof(ushort)];
        for (int at = 0; at + FrameSamples <= samples.Length; at += FrameSamples)
        {
            int bytes = encoder.Encode(samples.AsSpan(at, FrameSamples), packet);
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)bytes);
            file.Write(length);
            file.Write(packet, 0, bytes);
        }
        return file.ToArray();
    }
}
