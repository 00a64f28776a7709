using System.Buffers.Binary;
using Dapr.Voice.Cli.Machine;

namespace Dapr.Voice.Cli.Calls;

/// <summary>
/// Reads and writes WAV files with 16-bit PCM. In memory all audio is mono at 24 kHz. It reads 8 to 48 kHz, mono or stereo.
/// </summary>
internal static class WavFile
{
    public const int SampleRate = 24_000;

    /// <summary>Ten minutes. A question is not longer.</summary>
    private const int MaximumSeconds = 600;

    public static short[] Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(
                $"{path} can't be read: {failure.Message}", "give the path of a WAV file (PCM, 16 bit, mono or stereo)");
        }
        CommandFailedException Refuse(string why)
            => new($"{path} is no WAV that can be played: {why}", "give a WAV file: PCM, 16 bit, mono or stereo, 8 to 48 kHz");
        if (bytes.Length < 12 || !bytes.AsSpan(0, 4).SequenceEqual("RIFF"u8) || !bytes.AsSpan(8, 4).SequenceEqual("WAVE"u8))
            throw Refuse("it does not begin with RIFF … WAVE");
        int rate = 0, channels = 0, bits = 0;
        ReadOnlySpan<byte> data = default;
        for (int at = 12; at + 8 <= bytes.Length;)
        {
            Span<byte> id = bytes.AsSpan(at, 4);
            uint size = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4));
            // Streaming writers leave the length of the last chunk at 0 or 0xFFFFFFFF.
            int length = (int)Math.Min(size, (uint)(bytes.Length - at - 8));
            Span<byte> chunk = bytes.AsSpan(at + 8, length);
            if (id.SequenceEqual("fmt "u8) && length >= 16)
            {
                ushort format = BinaryPrimitives.ReadUInt16LittleEndian(chunk);
                if (format is not (1 or 0xFFFE)) throw Refuse($"its format is {format}, not PCM");
                channels = BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]);
                rate = BinaryPrimitives.ReadInt32LittleEndian(chunk[4..]);
                bits = BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]);
            }
            else if (id.SequenceEqual("data"u8))
            {
                data = chunk;
                break;
            }
            at += 8 + length + (length & 1);
        }
        if (rate == 0) throw Refuse("it has no fmt chunk");
        if (bits != 16 || channels is not (1 or 2)) throw Refuse($"it has {bits} bits and {channels} channels");
        if (rate is < 8_000 or > 48_000) throw Refuse($"its rate is {rate} Hz");
        int frames = data.Length / (2 * channels);
        if (frames == 0) throw Refuse("it holds no sample");
        if (frames > rate * MaximumSeconds) throw Refuse($"it lasts more than {MaximumSeconds} s");
        float[] samples = new float[frames];
        for (int i = 0; i < frames; i++)
        {
            int sum = 0;
            for (int c = 0; c < channels; c++) sum += BinaryPrimitives.ReadInt16LittleEndian(data[((i * channels + c) * 2)..]);
            samples[i] = sum / (float)channels;
        }
        return Resample(samples, rate);
    }

    /// <summary>Creates the file, or leaves an existing file as it is.</summary>
    /// <exception cref="CommandFailedException">The file cannot be written.</exception>
    public static void EnsureWritable(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CannotWrite(path, failure);
        }
    }

    private static CommandFailedException CannotWrite(string path, Exception why)
        => new($"{path} can't be written: {why.Message}", "give --out a path where you may write");

    public static void Write(string path, ReadOnlySpan<short> samples)
    {
        byte[] bytes = new byte[44 + samples.Length * 2];
        "RIFF"u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length - 8);
        "WAVEfmt "u8.CopyTo(bytes.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), SampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), SampleRate * 2);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(34), 16);
        "data"u8.CopyTo(bytes.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(40), samples.Length * 2);
        for (int i = 0; i < samples.Length; i++) BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(44 + i * 2), samples[i]);
        try
        {
            File.WriteAllBytes(path, bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, failure);
        }
    }

    /// <summary>
    /// Windowed-sinc interpolation with 16 taps on each side. A file is read once, so the code is written for clarity and not for speed.
    /// </summary>
    private static short[] Resample(float[] input, int rate)
    {
        if (rate == SampleRate) return [.. input.Select(s => (short)Math.Clamp(s, short.MinValue, short.MaxValue))];
        double ratio = rate / (double)SampleRate;
        double cutoff = Math.Min(1.0, 1.0 / ratio);
        const int HalfWidth = 16;
        double reach = HalfWidth / cutoff;
        short[] output = new short[(int)(input.Length / ratio)];
        for (int i = 0; i < output.Length; i++)
        {
            double center = i * ratio;
            double sum = 0, weights = 0;
            for (int j = Math.Max(0, (int)(center - reach)); j <= Math.Min(input.Length - 1, (int)(center + reach)); j++)
            {
                double x = (j - center) * cutoff;
                double weight = (Math.Abs(x) < 1e-9 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x))
                    * (0.5 + 0.5 * Math.Cos(Math.PI * x / HalfWidth));
                sum += input[j] * weight;
                weights += weight;
            }
            output[i] = (short)Math.Clamp(weights > 0 ? sum / weights : 0, short.MinValue, short.MaxValue);
        }
        return output;
    }
}
