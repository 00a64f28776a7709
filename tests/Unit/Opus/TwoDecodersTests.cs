using Dapr.Voice.Opus;
using Dapr.Voice.Transceiver.Media;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Unit.Opus;

/// <summary>
/// What our encoders make is decoded by libopus and by Concentus, two implementations that share no binary, and both must hear the same.
/// Concentus computes in fixed point and Debian's libopus in floating point, so they agree within a signal-to-noise ratio and not to the
/// bit.
/// </summary>
public sealed class TwoDecodersTests(ITestOutputHelper output)
{
    /// <summary>A difference 30 dB below the speech can't be heard.</summary>
    private const double LeastDecibels = 30;

    // What a pause sounds like, each decoder makes up for itself.
    private const double LeastDecibelsWithPauses = 20;

    public static TheoryData<string, int, int, int, bool, bool> Settings
    {
        get
        {
            var all = new TheoryData<string, int, int, int, bool, bool>();
            foreach (string codec in new[] { "libopus", "concentus" })
            {
                foreach (int bitrate in new[] { 8_000, 16_000, 24_000, 32_000, 64_000, 128_000 })
                {
                    foreach (double milliseconds in new[] { 2.5, 5, 10, 20, 40, 60 })
                    {
                        // Two bytes hold no sound.
                        if (bitrate == 8_000 && milliseconds == 2.5) continue;
                        all.Add(codec, bitrate, (int)(milliseconds * 1_000), 1, false, false);
                        if (milliseconds == 20)
                        {
                            all.Add(codec, bitrate, 20_000, 2, false, false);
                            all.Add(codec, bitrate, 20_000, 1, true, false);
                            all.Add(codec, bitrate, 20_000, 1, false, true);
                        }
                    }
                }
            }
            return all;
        }
    }

    [Theory, MemberData(nameof(Settings))]
    public void Packets_OfOurEncoders_SoundTheSameToBothDecoders(
        string codec, int bitrate, int microseconds, int channels, bool fec, bool dtx)
    {
        var packets = new List<byte[]>();
        foreach (OpusApplication application in Enum.GetValues<OpusApplication>())
        {
            packets.Clear();
            using IOpusEncoder encoder = Codec(codec).CreateEncoder(24_000, channels, application);
            (encoder.Bitrate, encoder.Complexity, encoder.InbandFec, encoder.ExpectedLossPercent, encoder.Dtx) =
                (bitrate, 5, fec, fec ? 20 : 0, dtx);
            int samples = 24 * microseconds / 1_000;
            byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
            short[] speech = Speech(24_000, channels);
            for (int at = 0; at + samples * channels <= speech.Length; at += samples * channels)
                packets.Add(packet[..encoder.Encode(speech.AsSpan(at, samples * channels), packet)]);
            double exact = Compare(packets, 48_000, channels), resampled = Compare(packets, 24_000, channels);
            output.WriteLine(
                $"{application}: configurations {string.Join(' ', packets.Select(p => p[0] >> 3).Distinct())}; {exact:0.0} dB, "
                + $"{resampled:0.0} dB at 24 kHz");
            double least = dtx ? LeastDecibelsWithPauses : LeastDecibels;
            Assert.True(exact >= least, $"{application}: {exact:0.0} dB");
            Assert.True(resampled >= least, $"{application}: {resampled:0.0} dB at 24 kHz");
        }
    }

    /// <summary>Packets with frames of no byte or of one, alone and among others.</summary>
    [Fact]
    public void Packets_WithFramesThatWereNotSent_LastAsLongForBothDecoders()
    {
        using IOpusEncoder encoder = OpusCodec.Libopus.CreateEncoder();
        byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
        byte[] frame = packet[..encoder.Encode(Speech(480, 1), packet)];
        byte toc = (byte)(frame[0] & 0xFC);
        byte[][] odd =
        [
            [toc], [toc, 7], [(byte)(toc | 1)], [(byte)(toc | 1), 7, 7], [(byte)(toc | 2), 0], [(byte)(toc | 2), 0, .. frame[1..]],
                [(byte)(toc | 2), 1, 7, .. frame[1..]],
            [(byte)(toc | 3), 2], [(byte)(toc | 3), 0x83, 0, 1, 7],
        ];
        foreach (int rate in new[] { 24_000, 48_000 })
        {
            using IOpusDecoder libopus = OpusCodec.Libopus.CreateDecoder(rate), concentus = OpusCodec.Concentus.CreateDecoder(rate);
            short[] pcm = new short[rate * 120 / 1_000];
            foreach (byte[] bytes in odd.Prepend(frame).Append(frame))
            {
                int expected = libopus.Decode(bytes, pcm);
                Assert.True(expected > 0);
                Assert.Equal(expected, concentus.Decode(bytes, pcm));
                Assert.Equal(libopus.DecodeFec(bytes, pcm.AsSpan(0, rate / 50)), concentus.DecodeFec(bytes, pcm.AsSpan(0, rate / 50)));
            }
        }
    }

    [Theory]
    [InlineData("libopus")]
    [InlineData("concentus")]
    public void Downlink_SpeechThenPause_SoundsTheSameToBothDecoders(string codec)
    {
        using var encoder = new DownlinkEncoder(Codec(codec));
        var packets = new List<byte[]>();
        byte[] payload = new byte[OpusCodec.MaximumPacketBytes];
        short[] speech = Speech(2 * 24_000, 1);
        for (int turn = 0; turn < 2; turn++)
        {
            for (int at = 0; at + 480 <= speech.Length; at += 480)
            {
                Assert.True(encoder.TryEncode(speech.AsSpan(at, 480), payload, out DownlinkFrame frame));
                packets.Add(payload[..frame.Length]);
            }
            for (int slot = 0; slot < 100; slot++)
            {
                if (encoder.TryEncodeSilence(payload, out DownlinkFrame frame)) packets.Add(payload[..frame.Length]);
            }
        }
        double exact = Compare(packets, 48_000, 1), resampled = Compare(packets, 24_000, 1);
        output.WriteLine(
            $"configurations {string.Join(' ', packets.Select(p => p[0] >> 3).Distinct())}; {exact:0.0} dB, {resampled:0.0} dB at 24 kHz");
        Assert.True(exact >= LeastDecibels, $"{exact:0.0} dB");
        Assert.True(resampled >= LeastDecibels, $"{resampled:0.0} dB at 24 kHz");
    }

    private static OpusCodec Codec(string name) => name == "libopus" ? OpusCodec.Libopus : OpusCodec.Concentus;

    /// <summary>
    /// Signal-to-noise ratio in dB: how far what Concentus hears is from what libopus hears, at the best of small delays.
    /// </summary>
    private static double Compare(List<byte[]> packets, int sampleRate, int channels)
    {
        short[] reference = Decode(OpusCodec.Libopus, packets, sampleRate, channels),
            other = Decode(OpusCodec.Concentus, packets, sampleRate, channels);
        Assert.Equal(reference.Length, other.Length);
        Assert.True(reference.Average(s => Math.Abs((double)s)) > 200, "there is something to hear");
        int longest = sampleRate == 48_000 ? 0 : sampleRate / 1_000;
        return Enumerable.Range(-longest, 2 * longest + 1).Max(delay => Ratio(reference, other, delay * channels));
    }

    private static short[] Decode(OpusCodec codec, List<byte[]> packets, int sampleRate, int channels)
    {
        using IOpusDecoder decoder = codec.CreateDecoder(sampleRate, channels);
        short[] pcm = new short[sampleRate * 120 / 1_000 * channels];
        var heard = new List<short>();
        foreach (byte[] packet in packets)
        {
            int samples = decoder.Decode(packet, pcm);
            Assert.True(samples > 0, $"{codec.Name}: {(OpusError)samples}");
            heard.AddRange(pcm.AsSpan(0, samples * channels));
        }
        return [.. heard];
    }

    private static double Ratio(short[] reference, short[] other, int delay)
    {
        double signal = 0, noise = 1;
        for (int i = Math.Max(0, -delay); i < reference.Length && i + delay < other.Length; i++)
        {
            double difference = reference[i] - other[i + delay];
            signal += (double)reference[i] * reference[i];
            noise += difference * difference;
        }
        return 10 * Math.Log10(signal / noise);
    }

    /// <summary>
    /// Syllables of a voiced sound and of noise with pauses between them, so that every mode of the encoder has its reason.
    /// </summary>
    private static short[] Speech(int samples, int channels)
    {
        var random = new Random(7);
        short[] pcm = new short[samples * channels];
        for (int i = 0; i < samples; i++)
        {
            double t = i / 24_000.0, syllable = Math.Max(0, Math.Sin(2 * Math.PI * 1.5 * t)),
                pitch = 2 * Math.PI * (130 * t + 10 * Math.Sin(2 * Math.PI * t));
            double voiced = 0;
            for (int harmonic = 1; harmonic <= 20; harmonic++) voiced += Math.Sin(harmonic * pitch) / harmonic;
            double hiss = (i / 8_000 & 1) == 0 ? 0 : 0.3 * (random.NextDouble() - 0.5);
            for (int c = 0; c < channels; c++) pcm[i * channels + c] = (short)(6_000 * syllable * (voiced + hiss) * (c == 0 ? 1 : 0.6));
        }
        return pcm;
    }
}
