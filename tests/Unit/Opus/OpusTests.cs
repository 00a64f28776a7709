using Dapr.Voice.Native;
using Dapr.Voice.Opus;
using FsCheck;
using FsCheck.Fluent;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Unit.Opus;

public sealed class OpusTests(ITestOutputHelper output)
{
    private const int Rate = 24_000;
    private const int Frame = 480;

    public static TheoryData<string> Codecs => [OpusCodec.Libopus.Name, OpusCodec.Concentus.Name];

    [Theory, MemberData(nameof(Codecs))]
    public void Tone_EncodedAndDecoded_KeepsItsPitchAndLevel(string name)
    {
        OpusCodec codec = Named(name);
        using IOpusEncoder encoder = codec.CreateEncoder();
        encoder.Bitrate = 24_000;
        encoder.Complexity = 5;
        using IOpusDecoder decoder = codec.CreateDecoder();
        var heard = new List<short>();
        byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
        short[] pcm = new short[Frame];
        for (int i = 0; i < 50; i++)
        {
            int length = encoder.Encode(Tone(440, i * Frame), packet);
            Assert.InRange(length, 10, 200);
            Assert.Equal(Frame, OpusPacket.DurationSamples(packet.AsSpan(0, length), Rate));
            Assert.Equal(Frame, decoder.Decode(packet.AsSpan(0, length), pcm));
            heard.AddRange(pcm);
        }
        short[] steady = heard.Skip(Rate / 5).Take(Rate / 2).ToArray();
        Assert.True(Power(steady, 440) > 20 * Power(steady, 880));
        Assert.True(Power(steady, 440) > 20 * Power(steady, 300));
        double level = Math.Sqrt(steady.Average(s => (double)s * s));
        Assert.InRange(level, 5_000, 9_000);
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Conceal_AfterATone_GoesOnAndFadesOut(string name)
    {
        OpusCodec codec = Named(name);
        using IOpusEncoder encoder = codec.CreateEncoder();
        using IOpusDecoder decoder = codec.CreateDecoder();
        byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
        short[] pcm = new short[Frame];
        for (int i = 0; i < 20; i++) decoder.Decode(packet.AsSpan(0, encoder.Encode(Tone(300, i * Frame), packet)), pcm);
        Assert.Equal(Frame, decoder.Conceal(pcm));
        double first = pcm.Average(s => Math.Abs((double)s));
        Assert.True(first > 500);
        for (int i = 0; i < 50; i++) decoder.Conceal(pcm);
        Assert.True(pcm.Average(s => Math.Abs((double)s)) < first / 10);
    }

    [Theory, MemberData(nameof(Codecs))]
    public void DecodeFec_LostFrames_SoundLikeWhatWasLost(string name)
    {
        OpusCodec codec = Named(name);
        using IOpusEncoder encoder = codec.CreateEncoder();
        encoder.InbandFec = true;
        encoder.ExpectedLossPercent = 30;
        // At 24 kbit/s the encoder of Concentus has no bits left for the copy.
        encoder.Bitrate = 32_000;
        using IOpusDecoder decoder = codec.CreateDecoder();
        byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
        short[] pcm = new short[Frame], lost = Voice(0);
        int repaired = 0, alike = 0;
        for (int i = 0; i < 200; i++)
        {
            short[] original = Voice(i * Frame);
            int length = encoder.Encode(original, packet);
            // Every fourth frame never arrives; the one after it repairs it.
            if (i % 4 == 2)
            {
                lost = original;
                continue;
            }
            if (i % 4 == 3 && OpusPacket.HasLbrr(packet.AsSpan(0, length)))
            {
                repaired++;
                Assert.Equal(Frame, decoder.DecodeFec(packet.AsSpan(0, length), pcm));
                double ratio = pcm.Average(s => Math.Abs((double)s)) / lost.Average(s => Math.Abs((double)s));
                if (ratio is > 0.5 and < 2) alike++;
            }
            Assert.Equal(Frame, decoder.Decode(packet.AsSpan(0, length), pcm));
        }
        Assert.True(repaired >= 30, $"{repaired} of 50");
        Assert.True(alike >= repaired * 3 / 4, $"{alike} of {repaired}");
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Dtx_InSilence_MakesTinyPackets(string name)
    {
        OpusCodec codec = Named(name);
        using IOpusEncoder encoder = codec.CreateEncoder();
        encoder.Dtx = true;
        byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
        for (int i = 0; i < 20; i++) Assert.True(encoder.Encode(Voice(i * Frame), packet) > 2);
        int smallest = int.MaxValue;
        for (int i = 0; i < 50; i++) smallest = Math.Min(smallest, encoder.Encode(new short[Frame], packet));
        Assert.InRange(smallest, 1, 2);
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Decode_AnyBytes_AnswersWithAnErrorOrSamplesAndNeverThrows(string name)
    {
        OpusCodec codec = Named(name);
        using IOpusDecoder decoder = codec.CreateDecoder();
        short[] pcm = new short[Frame * 6];
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            OpusPacket.DurationSamples(bytes, Rate);
            OpusPacket.HasLbrr(bytes);
            int a = decoder.Decode(bytes, pcm), b = decoder.DecodeFec(bytes, pcm.AsSpan(0, Frame));
            return a <= pcm.Length && b <= Frame && a >= (int)OpusError.AllocationFailed && b >= (int)OpusError.AllocationFailed;
        }).QuickCheckThrowOnFailure();
        Assert.Equal((int)OpusError.InvalidPacket, decoder.Decode([], pcm));
        Assert.Equal((int)OpusError.InvalidPacket, decoder.Decode([3], pcm));
        Assert.Equal((int)OpusError.BufferTooSmall, decoder.Decode([8, 0, 0, 0], pcm.AsSpan(0, 100)));
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Encode_OddFrameOrNoRoom_AnswersWithAnError(string name)
    {
        OpusCodec codec = Named(name);
        using IOpusEncoder encoder = codec.CreateEncoder();
        byte[] packet = new byte[100];
        Assert.Equal((int)OpusError.BadArgument, encoder.Encode(new short[100], packet));
        Assert.Equal((int)OpusError.BadArgument, encoder.Encode([], packet));
        Assert.Equal((int)OpusError.BadArgument, encoder.Encode(new short[Frame], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Complexity = 11);
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Bitrate = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.ExpectedLossPercent = 101);
        Assert.Throws<ArgumentOutOfRangeException>(() => codec.CreateEncoder(44_100));
        Assert.Throws<ArgumentOutOfRangeException>(() => codec.CreateDecoder(24_000, 3));
    }

    [Fact]
    public void EncodeAndDecode_WithLibopus_AllocateNothing()
    {
        OpusCodec codec = OpusCodec.Libopus;
        using IOpusEncoder encoder = codec.CreateEncoder();
        encoder.Complexity = 0;
        using IOpusDecoder decoder = codec.CreateDecoder();
        byte[] packet = new byte[OpusCodec.MaximumPacketBytes];
        short[] pcm = Voice(0), heard = new short[Frame];
        void Run(int frames)
        {
            for (int i = 0; i < frames; i++)
            {
                int length = encoder.Encode(pcm, packet);
                decoder.Decode(packet.AsSpan(0, length), heard);
                decoder.DecodeFec(packet.AsSpan(0, length), heard);
                decoder.Conceal(heard);
            }
        }
        Run(10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(200);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>The figures of docs/decisions/0019 are what this prints.</summary>
    [Theory]
    [InlineData("libopus", 0)]
    [InlineData("concentus", 250_000)]
    public void EncodeAndDecode_AFrameAtASettingOfTheTransceiver_MakesNoMoreGarbageThanDocumented(string name, long mostBytes)
    {
        OpusCodec codec = Named(name);
        using IOpusEncoder encoder = codec.CreateEncoder();
        using IOpusDecoder decoder = codec.CreateDecoder();
        (encoder.Bitrate, encoder.Complexity, encoder.InbandFec, encoder.ExpectedLossPercent) = (32_000, 5, true, 5);
        const int Frames = 500;
        short[][] speech = [.. Enumerable.Range(0, Frames).Select(i => Voice(i * Frame))];
        byte[][] packets = [.. speech.Select(_ => new byte[OpusCodec.MaximumPacketBytes])];
        int[] lengths = new int[Frames];
        short[] heard = new short[Frame];
        void Encode() { for (int i = 0; i < Frames; i++) lengths[i] = encoder.Encode(speech[i], packets[i]); }
        void Decode() { for (int i = 0; i < Frames; i++) decoder.Decode(packets[i].AsSpan(0, lengths[i]), heard); }
        foreach ((string what, Action run) in new (string, Action)[] { ("encode", Encode), ("decode", Decode) })
        {
            run();
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            run();
            cpu = Environment.CpuUsage.TotalTime - cpu;
            bytes = (GC.GetAllocatedBytesForCurrentThread() - bytes) / Frames;
            output.WriteLine($"{name} {what}: {cpu.TotalMicroseconds / Frames:0} µs, {bytes / 1000.0:0.0} kB a frame");
            Assert.InRange(bytes, 0, mostBytes);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0x08, 0 }, 480)]              // SILK NB 20 ms, one frame
    [InlineData(new byte[] { 0x19, 0 }, 2880)]             // SILK NB 60 ms, two frames
    [InlineData(new byte[] { 0x80, 0 }, 60)]               // CELT NB 2.5 ms
    [InlineData(new byte[] { 0x63, 3, 0 }, 720)]           // Hybrid SWB 10 ms, three frames
    [InlineData(new byte[] { 0x1B, 63, 0 }, 0)]            // 63 frames of 60 ms: more than 120 ms
    [InlineData(new byte[] { 0x03 }, 0)]
    [InlineData(new byte[0], 0)]
    public void DurationSamples_TocByte_FollowsRfc6716(byte[] packet, int samples)
        => Assert.Equal(samples, OpusPacket.DurationSamples(packet, Rate));

    [Fact]
    public void MissingLibrary_NamesThePackage()
    {
        NativeLibraries.Require(NativeLibraries.Opus);
        Assert.Contains("libopus0", new MissingNativeLibraryException(NativeLibraries.Opus, "libopus0").Message, StringComparison.Ordinal);
    }

    private static OpusCodec Named(string name) => name == OpusCodec.Libopus.Name ? OpusCodec.Libopus : OpusCodec.Concentus;

    private static short[] Tone(double frequency, int at)
        => [.. Enumerable.Range(at, Frame).Select(i => (short)(10_000 * Math.Sin(2 * Math.PI * frequency * i / Rate)))];

    /// <summary>A pulse train with two resonances, four syllables a second: voiced enough for the speech mode of the codec.</summary>
    private static short[] Voice(int at) => [.. Enumerable.Range(at, Frame).Select(i =>
    {
        double phase = i % 200 / (double)Rate;
        return (short)(9_000 * (0.5 + 0.5 * Math.Sin(2 * Math.PI * 4 * i / Rate)) * Math.Exp(-phase * 400)
            * (Math.Sin(2 * Math.PI * 700 * phase) + 0.5 * Math.Sin(2 * Math.PI * 1800 * phase)));
    })];

    private static double Power(short[] samples, double frequency)
    {
        double real = 0, imaginary = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            real += samples[i] * Math.Cos(2 * Math.PI * frequency * i / Rate);
            imaginary += samples[i] * Math.Sin(2 * Math.PI * frequency * i / Rate);
        }
        return real * real + imaginary * imaginary;
    }
}
