using Dapr.Voice.TestKit;
using Dapr.Voice.Turns;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Turns;

public sealed class TurnDetectorTests
{
    [Theory]
    [InlineData(double.NegativeInfinity, -20, 0)]
    [InlineData(double.NegativeInfinity, -42, 0)]
    [InlineData(-70, -42, 0)]
    [InlineData(-50, -25, 0)]
    [InlineData(-40, -20, 0)]
    [InlineData(-35, -14, 0.9)]
    [InlineData(-60, -25, 0.3)]
    public void Process_TwoSentencesAtAnyLevel_AreTwoTurnsWithTheirBounds(double noise, double speech, double offset)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            // offset is also used as the colour of the noise: both must not matter
            var signal = new SpeechSignal(seed) { NoiseLevel = noise, NoiseColour = offset, Offset = offset * 0.3 };
            signal.Silence(1000).Speech(1800, speech).Silence(1200).Speech(900, speech).Silence(1200);
            List<TurnEvent> events = Run(signal);

            Assert.Equal(
                [TurnEventKind.SpeechStarted, TurnEventKind.SpeechStopped, TurnEventKind.SpeechStarted, TurnEventKind.SpeechStopped],
                events.Select(e => e.Kind));
            Assert.InRange(events[0].AudioMilliseconds, 640, 860);
            Assert.InRange(events[1].AudioMilliseconds, 2800 + 300, 2800 + 560);
            Assert.InRange(events[2].AudioMilliseconds, 4000 - 360, 4000 - 140);
            Assert.InRange(events[3].AudioMilliseconds, 4900 + 300, 4900 + 560);
        }
    }

    [Theory]
    [InlineData(-75, 0)]
    [InlineData(-60, 0)]
    [InlineData(-45, 0)]
    [InlineData(-35, 0)]
    [InlineData(-50, 0.95)]
    [InlineData(-40, 0.98)]
    public void Process_SteadyNoise_IsNoTurn(double level, double colour)
        => Assert.Empty(Run(new SpeechSignal(3) { NoiseLevel = level, NoiseColour = colour }.Silence(20_000)));

    [Fact]
    public void Process_DigitalSilence_IsNoTurn() => Assert.Empty(Run(new SpeechSignal(1).Silence(5_000)));

    [Fact]
    public void Process_ConstantOffset_IsNoTurn() => Assert.Empty(Run(new SpeechSignal(1) { Offset = 0.5 }.Silence(5_000)));

    [Fact]
    public void Process_OffsetThatJumps_IsNoTurn()
    {
        SpeechSignal signal = new SpeechSignal(1).Silence(2_000);
        signal.Offset = 0.4;
        Assert.Empty(Run(signal.Silence(3_000)));
    }

    [Fact]
    public void Process_Hum_IsNoTurn() => Assert.Empty(Run(new SpeechSignal(1).Silence(500).Tone(5_000, 50, -45).Silence(500)));

    [Fact]
    public void Process_Clicks_BeginNoTurnAndProlongNone()
    {
        SpeechSignal signal = new SpeechSignal(4) { NoiseLevel = -65 }.Silence(1000);
        for (int i = 0; i < 5; i++) signal.Click(0.6).Silence(290);
        Assert.Empty(Run(signal));

        signal = new SpeechSignal(4) { NoiseLevel = -65 }.Silence(1000).Speech(1000, -25).Silence(200).Click(0.6).Silence(1500);
        List<TurnEvent> events = Run(signal);
        Assert.Equal(2, events.Count);
        Assert.InRange(events[1].AudioMilliseconds, 2300, 2560);
    }

    [Fact]
    public void Process_NoiseThatStarts_HoldsATurnOpenForLessThanASecondAndAHalf()
    {
        SpeechSignal signal = new SpeechSignal(5) { NoiseLevel = -60 }.Silence(3_000);
        signal.NoiseLevel = -35;
        List<TurnEvent> events = Run(signal.Silence(6_000).Speech(1000, -12).Silence(1000));

        // the step itself cannot be told from a voice, but it does not go on
        Assert.Equal(4, events.Count);
        Assert.InRange(events[1].AudioMilliseconds, 3_000, 4_300);
        Assert.InRange(events[2].AudioMilliseconds, 8_600, 8_900);
    }

    [Fact]
    public void Process_NoiseThatStops_LeavesQuietSpeechAudible()
    {
        SpeechSignal signal = new SpeechSignal(6) { NoiseLevel = -35 }.Silence(4_000);
        signal.NoiseLevel = -70;
        List<TurnEvent> events = Run(signal.Silence(1_000).Speech(1_000, -40).Silence(1_000));
        Assert.Equal(2, events.Count);
    }

    [Fact]
    public void Process_ALongStoryWithoutBreath_StaysOneTurn()
    {
        List<TurnEvent> events = Run(new SpeechSignal(7) { NoiseLevel = -55 }.Silence(1000).Speech(30_000, -22).Silence(1000));
        Assert.Equal(2, events.Count);
        Assert.InRange(events[1].AudioMilliseconds, 31_300, 31_560);
    }

    [Fact]
    public void Process_ShorterSilence_EndsTheTurnSooner()
    {
        SpeechSignal signal = new SpeechSignal(8) { NoiseLevel = -60 }.Silence(600).Speech(1000, -22).Silence(1000);
        long stop = Run(signal, new TurnDetector(silenceMilliseconds: 200))
            .Single(e => e.Kind == TurnEventKind.SpeechStopped).AudioMilliseconds;
        Assert.InRange(stop, 1700, 1860);
    }

    [Fact]
    public void Process_HigherThreshold_NeedsLouderSpeech()
    {
        SpeechSignal signal = new SpeechSignal(9) { NoiseLevel = -48 }.Silence(1000).Speech(1500, -36).Silence(1000);
        Assert.NotEmpty(Run(signal, new TurnDetector(threshold: 0.1)));
        Assert.Empty(Run(signal, new TurnDetector(threshold: 1.0)));
    }

    [Fact]
    public void Process_SpeechAtTheFirstFrame_StartsAtZero()
        => Assert.Equal(0, Run(new SpeechSignal(10) { NoiseLevel = -60 }.Speech(1000, -20).Silence(1000))[0].AudioMilliseconds);

    [Fact]
    public void Stop_InTheMiddle_EndsTheTurnAndTheNextOneCanBegin()
    {
        var detector = new TurnDetector();
        var frames = new SpeechSignal(11) { NoiseLevel = -60 }.Silence(400).Speech(3000, -20).Frames().ToList();
        Run(frames.Take(60), detector);
        Assert.True(detector.IsSpeaking);
        Assert.Equal(new TurnEvent(TurnEventKind.SpeechStopped, 1200), detector.Stop());
        Assert.Equal(TurnEvent.None, detector.Stop());
        Assert.Contains(Run(frames.Skip(60), detector), e => e.Kind == TurnEventKind.SpeechStarted);
    }

    [Fact]
    public void Options_OutOfRange_AreBroughtIntoRange()
    {
        TurnOptions options = new TurnOptions(double.NaN, -5, int.MaxValue).Clamped();
        Assert.Equal(new TurnOptions(0.5, 0, TurnOptions.MaximumSilenceMilliseconds), options);
        Assert.Equal(new TurnOptions(1, TurnOptions.MaximumPrefixPaddingMilliseconds, TurnOptions.MinimumSilenceMilliseconds),
            new TurnOptions(7, int.MaxValue, 0).Clamped());
    }

    [Fact]
    public void Process_AnySamples_StartsAndStopsAlternateAndAgreeBetweenRuns()
        => Prop.ForAll(ArbMap.Default.ArbFor<short[]>(), ArbMap.Default.ArbFor<int>(), (samples, repeat) =>
        {
            List<TurnEvent> Once()
            {
                var detector = new TurnDetector(silenceMilliseconds: 100);
                var events = new List<TurnEvent>();
                short[] frame = new short[480];
                for (int n = 0; n < 40; n++)
                {
                    for (int i = 0; i < 480; i++)
                        frame[i] = samples.Length == 0 || (n & Math.Abs(repeat % 16)) == 0 ? (short)0
                            : (short)(samples[(i + n) % samples.Length] * 977);
                    if (detector.Process(frame) is { Kind: not TurnEventKind.None } e) events.Add(e);
                }
                return events;
            }
            List<TurnEvent> first = Once();
            Assert.Equal(first, Once());
            for (int i = 0; i < first.Count; i++)
                Assert.Equal(i % 2 == 0 ? TurnEventKind.SpeechStarted : TurnEventKind.SpeechStopped, first[i].Kind);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Process_AfterWarmUp_AllocatesNothing()
    {
        var detector = new TurnDetector();
        short[][] frames = new SpeechSignal(12) { NoiseLevel = -60 }.Silence(500).Speech(1000, -20).Silence(800).Frames().ToArray();
        Assert.Equal(0, Allocations.Of(() =>
        {
            foreach (short[] frame in frames) detector.Process(frame);
        }));
    }

    [Fact]
    public void Process_WrongFrameSize_IsTheCallersMistake()
        => Assert.Throws<ArgumentException>(() => new TurnDetector().Process(new short[481]));

    private static List<TurnEvent> Run(SpeechSignal signal, TurnDetector? detector = null)
        => Run(signal.Frames(), detector ?? new TurnDetector());

    private static List<TurnEvent> Run(IEnumerable<short[]> frames, TurnDetector detector)
        => frames.Select(frame => detector.Process(frame)).Where(e => e.Kind != TurnEventKind.None).ToList();
}
