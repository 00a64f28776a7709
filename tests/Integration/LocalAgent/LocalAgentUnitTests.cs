using Dapr.Voice.LocalAgent.Dialogue;
using Dapr.Voice.LocalAgent.Hearing;
using Dapr.Voice.LocalAgent.Speaking;
using Xunit;

namespace Dapr.Voice.Tests.Integration.LocalAgent;

/// <summary>The parts of the agent that need no native library.</summary>
public sealed class LocalAgentUnitTests
{
    [Theory]
    [InlineData(22_050, 24_000, 1_000, 0.02)]
    [InlineData(22_050, 24_000, 8_000, 0.05)]
    [InlineData(24_000, 16_000, 1_000, 0.02)]
    [InlineData(24_000, 16_000, 6_500, 0.05)]
    public void Resampler_Tone_KeepsPitchAndLevel(int from, int to, double frequency, double tolerance)
    {
        short[] converted = PolyphaseResampler.Convert(Tone(frequency, from), from, to);
        Assert.InRange(converted.Length, to - 4, to + 4);
        double level = Level(converted.AsSpan(to / 10, to / 2), frequency, to);
        Assert.InRange(level, 10_000 * (1 - tolerance), 10_000 * (1 + tolerance));
    }

    [Fact]
    public void Resampler_ToneAboveTheNewBand_IsGone()
    {
        short[] converted = PolyphaseResampler.Convert(Tone(10_000, 24_000), 24_000, 16_000);
        Assert.True(converted.AsSpan(1_600, 8_000).ToArray().Max(s => Math.Abs((int)s)) < 20);
    }

    [Fact]
    public void Resampler_InPieces_GivesTheSameAsAtOnce()
    {
        short[] tone = Tone(700, 22_050);
        short[] whole = PolyphaseResampler.Convert(tone, 22_050, 24_000);
        var resampler = new PolyphaseResampler(22_050, 24_000);
        var pieces = new List<short>();
        var random = new Random(1);
        for (int at = 0; at < tone.Length;)
        {
            int length = Math.Min(random.Next(1, 500), tone.Length - at);
            resampler.Process(tone.AsSpan(at, length), pieces);
            at += length;
        }
        resampler.Flush(pieces);
        Assert.Equal(whole, pieces);
    }

    [Theory]
    [InlineData("set a timer for ten minutes", 600)]
    [InlineData("please start the timer for twenty five seconds", 25)]
    [InlineData("set a timer for a minute", 60)]
    [InlineData("Set a timer for 90 seconds!", 90)]
    [InlineData("set a timer for two hours", 7200)]
    public void Parse_Timer_FindsItsDuration(string words, int seconds)
        => Assert.Equal(TimeSpan.FromSeconds(seconds), Assert.Single(CommandParser.Parse(words)).Duration);

    [Theory]
    [InlineData("set a timer")]
    [InlineData("set a timer for 100 hours")]
    [InlineData("set a timer for 99999999999 minutes")]
    [InlineData("minutes timer")]
    [InlineData("banana")]
    [InlineData("")]
    public void Parse_NoCommand_IsEmpty(string words) => Assert.Empty(CommandParser.Parse(words));

    [Fact]
    public void Parse_TwoCommands_FindsBoth()
    {
        List<Command> commands = CommandParser.Parse("turn off the living room lights and set a timer for one minute");
        Assert.Equal(new Command(CommandKind.Light, default, "living room", false), commands[0]);
        Assert.Equal(CommandKind.Timer, commands[1].Kind);
    }

    [Theory]
    [InlineData("what time is it", 0), InlineData("what is the date today", 1), InlineData("tell me a story", 4),
    InlineData("say that again", 5)]
    [InlineData("be quiet", 6), InlineData("good evening", 7), InlineData("what can you do", 8), InlineData("see you later", 9)]
    public void Parse_SimpleCommand_IsFound(string words, int kind)
        => Assert.Equal((CommandKind)kind, Assert.Single(CommandParser.Parse(words)).Kind);

    [Theory]
    [InlineData(0, "zero"), InlineData(13, "thirteen"), InlineData(45, "forty five"), InlineData(110, "one hundred ten"),
    InlineData(2026, "two thousand twenty six")]
    public void Cardinal_Number_IsSpoken(int number, string words) => Assert.Equal(words, SpokenNumbers.Cardinal(number));

    [Theory]
    [InlineData(1, "first"), InlineData(12, "twelfth"), InlineData(20, "twentieth"), InlineData(22, "twenty second"),
    InlineData(31, "thirty first")]
    public void Ordinal_Day_IsSpoken(int number, string words) => Assert.Equal(words, SpokenNumbers.Ordinal(number));

    [Fact]
    public void Split_Text_CutsAtSentencesAndNeverLeavesOneTooLong()
    {
        Assert.Equal(["Hello.", "How are you?", "Fine 3.5!"], Sentences.Split("Hello. How are you?  Fine 3.5!"));
        Assert.All(Sentences.Split(new string('x', 5000)), s => Assert.True(s.Length <= SpeechSynthesizer.MaximumSentenceCharacters));
        Assert.All(Sentences.Split(string.Join(' ', Enumerable.Repeat("word", 2000))),
            s => Assert.True(s.Length <= SpeechSynthesizer.MaximumSentenceCharacters));
        Assert.Empty(Sentences.Split("  "));
    }

    [Fact]
    public void AudioInput_EndlessSpeech_IsEndedAndMemoryIsBounded()
    {
        var input = new AudioInput();
        var random = new Random(2);
        byte[] frame = new byte[AudioInput.FrameBytes];
        int started = 0, stopped = 0;
        for (int i = 0; i < 50 * 70; i++)
        {
            // Bursts, so that it is not taken for steady noise.
            for (int s = 0; s < frame.Length; s += 2)
            {
                short sample = (short)(random.Next(-8000, 8000) * (i % 10 < 7 ? 1.0 : 0.2));
                frame[s] = (byte)sample;
                frame[s + 1] = (byte)(sample >> 8);
            }
            AudioInputEvent? occurred = input.Append(frame);
            if (occurred?.Kind == AudioInputEventKind.SpeechStarted) started++;
            if (occurred?.Kind != AudioInputEventKind.SpeechStopped) continue;
            stopped++;
            Assert.True(input.TakeTurn().Length <= (AudioInput.MaximumTurnSeconds + 1) * 24_000);
        }
        Assert.True(started >= 2 && stopped >= 2, $"{started} starts, {stopped} stops");
    }

    [Fact]
    public void AudioInput_OddBytes_AreJoined()
    {
        var whole = new AudioInput { Detection = null };
        var pieces = new AudioInput { Detection = null };
        byte[] pcm = new byte[AudioInput.FrameBytes * 10];
        new Random(3).NextBytes(pcm);
        for (int at = 0; at < pcm.Length; at += AudioInput.FrameBytes) whole.Append(pcm.AsSpan(at, AudioInput.FrameBytes));
        for (int at = 0; at < pcm.Length; at += 7) pieces.Append(pcm.AsSpan(at, Math.Min(7, pcm.Length - at)));
        Assert.Equal(whole.PositionMilliseconds, pieces.PositionMilliseconds);
        Assert.True(whole.TryCommit(out short[] a) && pieces.TryCommit(out short[] b) && a.AsSpan().SequenceEqual(b));
    }

    private static short[] Tone(double frequency, int rate)
        => [.. Enumerable.Range(0, rate).Select(i => (short)(10_000 * Math.Sin(2 * Math.PI * frequency * i / rate)))];

    private static double Level(ReadOnlySpan<short> samples, double frequency, int rate)
    {
        double real = 0, imaginary = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            real += samples[i] * Math.Cos(2 * Math.PI * frequency * i / rate);
            imaginary += samples[i] * Math.Sin(2 * Math.PI * frequency * i / rate);
        }
        return 2 * Math.Sqrt(real * real + imaginary * imaginary) / samples.Length;
    }
}
