using Dapr.Voice.Opus;
using Dapr.Voice.TestKit;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Transceiver.Media;

public sealed class MediaPumpTests : IDisposable
{
    private readonly RecordingAgent _agent = new();
    private readonly SessionDropCounters _drops = new();
    private readonly DownlinkQueue _queue;
    private readonly LatenessHistogram _lateness = new();
    private readonly MediaPump _pump;
    private readonly byte[] _payload = new byte[MediaPump.MaximumPayloadBytes];
    private Instant _now = Instant.FromMilliseconds(10_000);

    public MediaPumpTests()
    {
        _queue = new DownlinkQueue(_drops);
        _pump = new MediaPump(OpusCodec.Libopus, _agent, _queue, _lateness, _drops);
    }

    public void Dispose() => _pump.Dispose();

    [Fact]
    public void NextFrameAt_BeforeStart_IsNever() => Assert.Equal(Instant.Never, _pump.NextFrameAt);

    [Fact]
    public void TryNextFrame_OneSecondOfSpeech_ArrivesWholeAndInTime()
    {
        var item = new DownlinkItem("item", "resp");
        _queue.TryEnqueue(item, Tone.Pcm(440, 24_000));
        _queue.Complete(item);
        _pump.Start(_now);
        List<Sent> sent = Run(50);
        Assert.Equal(50, sent.Count);
        Assert.True(sent[0].Frame.Marker);
        Assert.All(sent.Skip(1), s => Assert.False(s.Frame.Marker));
        Assert.All(sent, s => Assert.Equal(960u, s.Frame.RtpTimestampStep));
        Assert.Equal(50, _agent.Played);

        using IOpusDecoder decoder = OpusCodec.Libopus.CreateDecoder();
        short[] pcm = new short[480];
        var heard = new List<short>();
        foreach (Sent s in sent)
        {
            Assert.Equal(480, decoder.Decode(s.Payload, pcm));
            heard.AddRange(pcm);
        }
        Assert.InRange(Tone.AmplitudeOf(440, heard.ToArray().AsSpan(4800, 12_000)), 6000, 10_000);
    }

    [Fact]
    public void TryNextFrame_FrameThatTheEncoderRefuses_IsCountedAndThePumpGoesOn()
    {
        var item = new DownlinkItem("item", "resp");
        _queue.TryEnqueue(item, Tone.Pcm(440, 960));
        _pump.Start(_now);
        // libopus refuses a buffer without room for one byte.
        Assert.False(_pump.TryNextFrame(_now, [], out _));
        Assert.Equal(1, _drops[SessionDrop.MediaEncoderRefused]);
        Assert.True(_pump.TryNextFrame(_pump.NextFrameAt, _payload, out _));
    }

    [Fact]
    public void TryNextFrame_EndOfSpeech_IsReportedOnceWhenItsLastFrameIsOver()
    {
        var item = new DownlinkItem("item", "resp");
        _queue.TryEnqueue(item, new short[960]);
        _queue.Complete(item);
        _pump.Start(_now);
        Run(2);
        Assert.Equal(0, _agent.Drained);
        Run(1);
        Assert.Equal(1, _agent.Drained);
        Run(100);
        Assert.Equal(1, _agent.Drained);
    }

    [Fact]
    public void TryNextFrame_NothingToSay_HangsOverThenKeepsWarmEvery400Milliseconds()
    {
        _pump.Start(_now);
        List<Sent> sent = Run(10 + 61);
        // 10 of silence, the pause, then pairs of silence and pause 400 ms apart
        Assert.Equal(10 + 1 + 3 * 2, sent.Count);
        Assert.Single(sent[10].Payload);
        Assert.Equal(19u * 960, sent[11].Frame.RtpTimestampStep);
        Assert.True(sent[11].Payload.Length > 1);
        Assert.Single(sent[12].Payload);
        Assert.Equal(960u, sent[12].Frame.RtpTimestampStep);
        Assert.Equal((sent[^1].Slot + 1) * 960, (uint)sent.Sum(s => s.Frame.RtpTimestampStep));
        Assert.All(sent, s => Assert.False(s.Frame.Marker));
        // and one goes on for hours without more of them
        Assert.Equal(2 * 100, Run(2000).Count);
    }

    [Fact]
    public void TryNextFrame_PauseFrames_AreSilenceToADecoder()
    {
        _pump.Start(_now);
        using IOpusDecoder decoder = OpusCodec.Libopus.CreateDecoder();
        short[] pcm = new short[2880];
        foreach (Sent s in Run(60))
        {
            int samples = decoder.Decode(s.Payload, pcm);
            Assert.Equal(480, samples);
            Assert.All(pcm[..samples], sample => Assert.InRange(sample, -50, 50));
        }
    }

    [Fact]
    public void TryNextFrame_SpeechAfterAPause_HasTheMarkerAndTheClocksTimestamp()
    {
        _pump.Start(_now);
        Run(17);
        var item = new DownlinkItem("item", "resp");
        _queue.TryEnqueue(item, Tone.Pcm(440, 480));
        List<Sent> sent = Run(1);
        Assert.True(sent[0].Frame.Marker);
        Assert.Equal(7u * 960, sent[0].Frame.RtpTimestampStep);
    }

    [Fact]
    public void TryNextFrame_ShortStall_IsCaughtUp()
    {
        _pump.Start(_now);
        Run(1);
        _now += TimeSpan.FromMilliseconds(80);
        int slots = 0;
        while (_pump.NextFrameAt <= _now)
        {
            _pump.TryNextFrame(_now, _payload, out _);
            slots++;
        }
        Assert.Equal(5, slots);
        Assert.Equal(0, _pump.Statistics.SkippedSlots);
    }

    [Fact]
    public void TryNextFrame_LongStall_SkipsOldSlotsAndKeepsTheClock()
    {
        var item = new DownlinkItem("item", "resp");
        _queue.TryEnqueue(item, new short[48_000]);
        _pump.Start(_now);
        Run(1);
        _now += TimeSpan.FromMilliseconds(1000);
        Assert.True(_pump.TryNextFrame(_now, _payload, out DownlinkFrame frame));
        Assert.Equal(51u * 960, frame.RtpTimestampStep);
        Assert.True(_pump.NextFrameAt > _now);
        Assert.Equal(50, _pump.Statistics.SkippedSlots);
        Assert.Equal(40, item.PlayedMilliseconds);
        Assert.True(_lateness.Percentile(0.99, _now) > 100);
    }

    [Fact]
    public void OnUplinkPacket_Speech_ReachesTheAgentAtOnce()
    {
        _pump.OnUplinkPacket(OpusOf(Tone.Pcm(440, 480)), _now);
        Assert.Equal(1, _agent.Heard);
        _pump.OnUplinkLost(_now);
        Assert.Equal(1, _agent.Heard);
        _pump.OnUplinkPacket(OpusOf(Tone.Pcm(440, 480)), _now);
        Assert.Equal(3, _agent.Heard);
    }

    [Fact]
    public void TryNextFrame_UplinkFallsSilent_GivesTheAgentSilenceForTenSeconds()
    {
        _pump.Start(_now);
        Run(20);
        Assert.Equal(0, _agent.Heard);
        _pump.OnUplinkPacket(OpusOf(Tone.Pcm(440, 480)), _now);
        Run(4);
        Assert.Equal(1, _agent.Heard);
        Run(2000);
        Assert.Equal(501, _agent.Heard);
        _pump.OnUplinkPacket(OpusOf(Tone.Pcm(440, 480)), _now);
        Run(25);
        Assert.InRange(_agent.Heard, 502 + 19, 502 + 21);
    }

    [Fact]
    public void TryNextFrame_AfterWarmUp_AllocatesNothing()
    {
        var item = new DownlinkItem("item", "resp");
        _queue.TryEnqueue(item, Tone.Pcm(300, 96_000));
        _queue.Complete(item);
        byte[] opus = OpusOf(Tone.Pcm(440, 480));
        _pump.Start(_now);
        // speech first, then pauses
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                _pump.OnUplinkPacket(opus, _now);
                _pump.TryNextFrame(_now, _payload, out _);
                _now += AudioFormat.FrameDuration;
            }
        }));
    }

    private List<Sent> Run(int slots)
    {
        var sent = new List<Sent>();
        for (int i = 0; i < slots; i++)
        {
            Assert.True(_pump.NextFrameAt <= _now);
            if (_pump.TryNextFrame(_now, _payload, out DownlinkFrame frame)) sent.Add(new Sent(frame, _payload[..frame.Length], (uint)i));
            _now += AudioFormat.FrameDuration;
        }
        return sent;
    }

    private static byte[] OpusOf(short[] pcm)
    {
        using IOpusEncoder encoder = OpusCodec.Libopus.CreateEncoder();
        byte[] output = new byte[OpusCodec.MaximumPacketBytes];
        return output[..encoder.Encode(pcm, output)];
    }

    private readonly record struct Sent(DownlinkFrame Frame, byte[] Payload, uint Slot);

    private sealed class RecordingAgent : IMediaSink
    {
        public int Heard { get; private set; }
        public int Played { get; private set; }
        public int Drained { get; private set; }

        public void OnAudio(ReadOnlySpan<short> pcm, Instant now)
        {
            if (pcm.Length == 480) Heard++;
        }
        public void OnPlayed(DownlinkItem item, Instant now) => Played++;
        public void OnDrained(Instant now) => Drained++;
    }
}
