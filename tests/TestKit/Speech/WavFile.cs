using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dapr.Voice.TestKit.Speech;

/// <summary>Reads and writes RIFF WAVE files with PCM16. From several channels it reads the first.</summary>
public static class WavFile
{
    public static (short[] Samples, int SampleRate) Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < 12 || !bytes.AsSpan(0, 4).SequenceEqual("RIFF"u8) || !bytes.AsSpan(8, 4).SequenceEqual("WAVE"u8))
            throw new InvalidDataException($"{path} is no WAVE file.");
        int rate = 0, channels = 1;
        for (int at = 12; at + 8 <= bytes.Length;)
        {
            Span<byte> name = bytes.AsSpan(at, 4);
            int length = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4)), (uint)(bytes.Length - at - 8));
            Span<byte> body = bytes.AsSpan(at + 8, length);
            if (name.SequenceEqual("fmt "u8))
            {
                if (BinaryPrimitives.ReadInt16LittleEndian(body) is not (1 or -2)
                    || BinaryPrimitives.ReadInt16LittleEndian(body[14..]) != 16)
                    throw new InvalidDataException($"{path} is not PCM16.");
                channels = BinaryPrimitives.ReadInt16LittleEndian(body[2..]);
                rate = BinaryPrimitives.ReadInt32LittleEndian(body[4..]);
            }
            else if (name.SequenceEqual("data"u8))
            {
                Span<short> all = MemoryMarshal.Cast<byte, short>(body);
                short[] samples = new short[all.Length / channels];
                for (int i = 0; i < samples.Length; i++) samples[i] = all[i * channels];
                return (samples, rate);
            }
            at += 8 + length + (length & 1);
        }
        throw new InvalidDataException($"{path} has no data.");
    }

    public static void Write(string path, ReadOnlySpan<short> samples, int sampleRate)
    {
        byte[] bytes = new byte[44 + samples.Length * 2];
        "RIFF"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length - 8);
        "WAVEfmt "u8.CopyTo(bytes.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), sampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), sampleRate * 2);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(34), 16);
        "data"u8.CopyTo(bytes.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(40), samples.Length * 2);
        MemoryMarshal.AsBytes(samples).CopyTo(bytes.AsSpan(44));
        File.WriteAllBytes(path, bytes);
    }
}
