using Dapr.Voice.Cli.Drills.Calls;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Opus;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Cli;

public sealed class ToneCodeTests
{
    private const int Frames = ToneSymbol.DownCycle + 300;

    [Fact]
    public void Frame_WithoutACodec_IsReadAsItWasWritten()
    {
        short[] pcm = new short[ToneCode.FrameSamples];
        for (int frame = 0; frame < ToneSymbol.UpCycle; frame++)
        {
            ToneCode.Write(ToneSymbol.OfUp(frame), pcm);
            Assert.Equal(ToneSymbol.OfUp(frame), ToneCode.Read(pcm));
        }
    }

    [Fact]
    public void CallersFrames_ThroughOpus_GetTheirNumbers()
    {
        byte[][] voice = DrillCallers.EncodeVoice();
        using IOpusDecoder decoder = OpusCodec.Best.CreateDecoder();
        short[] pcm = new short[ToneCode.FrameSamples];
        var entries = new List<HistoryEntry> { new(0, HistoryKind.CallUp) { Call = 0 } };
        for (int frame = 0; frame < Frames; frame++)
        {
            Assert.Equal(pcm.Length, decoder.Decode(voice[frame % voice.Length], pcm));
            Assert.True(frame == 0 || ToneCode.IsAudible(pcm), $"frame {frame} is not audible");
            entries.Add(new HistoryEntry(60 + frame * 20, HistoryKind.HeardUp) { Call = 0, Symbol = ToneCode.Read(pcm) });
        }
        AssertNumbers(FrameNumbering.Apply(entries).Skip(1));
    }

    [Fact]
    public void AgentsFrames_ThroughTheTransceiversEncoder_GetTheirNumbers()
    {
        // The settings of the transceiver's downlink.
        using IOpusEncoder encoder = OpusCodec.Best.CreateEncoder();
        (encoder.Bitrate, encoder.Complexity, encoder.InbandFec, encoder.ExpectedLossPercent) = (32_000, 5, true, 5);
        using IOpusDecoder decoder = OpusCodec.Best.CreateDecoder();
        short[] pcm = new short[ToneCode.FrameSamples];
        byte[] payload = new byte[OpusCodec.MaximumPacketBytes];
        var entries = new List<HistoryEntry> { new(0, HistoryKind.AgentOpen) { Call = 0, Connection = 0, Owner = "transceiver-00/1" } };
        for (int frame = 0; frame < Frames; frame++)
        {
            ToneCode.Write(ToneSymbol.OfDown(frame, connection: 0), pcm);
            decoder.Decode(payload.AsSpan(0, encoder.Encode(pcm, payload)), pcm);
            entries.Add(new HistoryEntry(60 + frame * 20, HistoryKind.HeardDown) { Call = 0, Symbol = ToneCode.Read(pcm) });
        }
        AssertNumbers(FrameNumbering.Apply(entries).Skip(1));
        Assert.Empty(HistoryChecker.Check(FrameNumbering.Apply(entries)));
    }

    [Fact]
    public void Silence_IsNotAudible() => Assert.False(ToneCode.IsAudible(new short[ToneCode.FrameSamples]));

    /// <summary>A wrong number is never taken for a right one. Some frames are not read at all.</summary>
    private static void AssertNumbers(IEnumerable<HistoryEntry> heard)
    {
        int read = 0, frame = 0;
        foreach (HistoryEntry entry in heard)
        {
            // One wrong tone may go unnoticed if the next frame is not read. The number is then that of the neighbour.
            if (entry.Number is { } number)
            {
                Assert.InRange(number, frame - 1, frame + 1);
                read++;
            }
            frame++;
        }
        Assert.True(read > Frames * 0.6, $"{read} of {Frames} frames were read");
    }
}
