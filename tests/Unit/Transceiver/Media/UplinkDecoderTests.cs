using Dapr.Voice.Opus;
using Dapr.Voice.TestKit;
using Dapr.Voice.Tests.Unit.Opus;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Media;

public sealed class UplinkDecoderTests
{
    private static readonly SessionDropCounters Drops = new();

    [Fact]
    public void OnPacket_FramesThatNobodyTakes_AreCounted()
    {
        var drops = new SessionDropCounters();
        using var decoder = new UplinkDecoder(OpusCodec.Libopus, drops);
        foreach (byte[] packet in Packets(20, seconds: 1, channels: 1)) decoder.OnPacket(packet);
        // 50 frames came, and as many as two packets of 120 ms may still wait.
        Assert.InRange(drops[SessionDrop.MediaUplinkOverflow], 50 - 13, 50);
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(20, 1)]
    [InlineData(40, 1)]
    [InlineData(60, 1)]
    [InlineData(20, 2)]
    public void OnPacket_AnyDurationAndChannels_GivesFramesOf20Milliseconds(int milliseconds, int channels)
    {
        using var decoder = new UplinkDecoder(OpusCodec.Libopus, Drops);
        var heard = new List<short>();
        foreach (byte[] packet in Packets(milliseconds, seconds: 1.2, channels))
        {
            decoder.OnPacket(packet);
            Take(decoder, heard);
        }
        Assert.Equal((int)(1.2 * 24_000), heard.Count);
        Assert.InRange(Tone.AmplitudeOf(440, heard.ToArray().AsSpan(4800, 12_000)), 6000, 10_000);
    }

    [Fact]
    public void OnLost_OnePacketThatTheNextRepeats_IsRepairedFromIt()
    {
        List<byte[]> packets = Packets(20, seconds: 1, channels: 1, loss: 30);
        Assert.Contains(packets, packet => OpusPacket.HasLbrr(packet));
        double repaired = EnergyOfLost(packets, 30);
        Assert.InRange(repaired, 3000, 12_000);
    }

    [Fact]
    public void OnLost_OnePacket_KeepsTheCountOfSamples()
    {
        using var decoder = new UplinkDecoder(OpusCodec.Libopus, Drops);
        var heard = new List<short>();
        List<byte[]> packets = Packets(20, seconds: 1, channels: 1);
        for (int i = 0; i < packets.Count; i++)
        {
            if (i % 10 == 5) decoder.OnLost();
            else decoder.OnPacket(packets[i]);
            Take(decoder, heard);
        }
        Assert.Equal(packets.Count * 480, heard.Count);
        Assert.Equal(5, decoder.Concealed);
        Assert.Equal(45, decoder.Decoded);
    }

    [Fact]
    public void OnLost_LongBurst_IsConcealedFor100MillisecondsOnly()
    {
        using var decoder = new UplinkDecoder(OpusCodec.Libopus, Drops);
        var heard = new List<short>();
        List<byte[]> packets = Packets(20, seconds: 1, channels: 1);
        for (int i = 0; i < 10; i++) decoder.OnPacket(packets[i]);
        Take(decoder, heard);
        heard.Clear();
        for (int i = 0; i < 30_000; i++)
        {
            decoder.OnLost();
            Take(decoder, heard);
        }
        decoder.OnPacket(packets[11]);
        Take(decoder, heard);
        Assert.Equal(6 * 480, heard.Count);
    }

    [Fact]
    public void OnPacket_BytesThatAreNoOpus_CountAsLost()
    {
        using var decoder = new UplinkDecoder(OpusCodec.Libopus, Drops);
        List<byte[]> packets = Packets(20, seconds: 1, channels: 1);
        long before = Drops[SessionDrop.MediaNotOpus];
        decoder.OnPacket(packets[0]);
        decoder.OnPacket([]);
        decoder.OnPacket([0xFF]);
        decoder.OnPacket(packets[3]);
        var heard = new List<short>();
        Take(decoder, heard);
        Assert.Equal(before + 2, Drops[SessionDrop.MediaNotOpus]);
        Assert.Equal(4 * 480, heard.Count);
    }

    [Fact]
    public void OnPacket_AnyBytes_NeverThrowsNorOverruns()
        => Prop.ForAll(ArbMap.Default.ArbFor<byte[][]>(), packets =>
        {
            using var decoder = new UplinkDecoder(OpusCodec.Libopus, Drops);
            var heard = new List<short>();
            for (int i = 0; i < packets.Length; i++)
            {
                decoder.OnPacket(packets[i] ?? []);
                if (i % 3 == 0) decoder.OnLost();
                if (i % 2 == 0) Take(decoder, heard);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void OnPacket_AfterWarmUp_AllocatesNothing()
    {
        using var decoder = new UplinkDecoder(OpusCodec.Libopus, Drops);
        List<byte[]> packets = Packets(20, seconds: 1, channels: 1);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < packets.Count; i++)
            {
                if (i % 7 == 0) decoder.OnLost();
                else decoder.OnPacket(packets[i]);
                while (decoder.TryTake(out _)) { }
            }
        }));
    }

    private static double EnergyOfLost(List<byte[]> packets, int lost)
    {
        using var decoder = new UplinkDecoder(OpusCodec.Libopus, Drops);
        var heard = new List<short>();
        for (int i = 0; i <= lost + 1; i++)
        {
            if (i == lost) decoder.OnLost();
            else decoder.OnPacket(packets[i]);
            Take(decoder, heard);
        }
        return Tone.AmplitudeOf(440, heard.ToArray().AsSpan(lost * 480, 480));
    }

    private static List<byte[]> Packets(int milliseconds, double seconds, int channels, int loss = 0)
    {
        using IOpusEncoder encoder = OpusCodec.Libopus.CreateEncoder(channels: channels);
        encoder.Bitrate = 32_000;
        encoder.InbandFec = loss > 0;
        encoder.ExpectedLossPercent = loss;
        int samples = milliseconds * 24;
        var packets = new List<byte[]>();
        byte[] output = new byte[1500];
        for (int start = 0; start + samples <= seconds * 24_000; start += samples)
        {
            short[] mono = Tone.Pcm(440, samples, start);
            short[] pcm = channels == 1 ? mono : mono.SelectMany(s => new[] { s, s }).ToArray();
            packets.Add(output[..encoder.Encode(pcm, output)]);
        }
        return packets;
    }

    private static void Take(UplinkDecoder decoder, List<short> heard)
    {
        while (decoder.TryTake(out ReadOnlySpan<short> frame)) heard.AddRange(frame.ToArray());
    }
}
