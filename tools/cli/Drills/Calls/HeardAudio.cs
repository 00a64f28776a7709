using System.Runtime.InteropServices;
using Dapr.Voice.Cli.Calls;
using Dapr.Voice.Cli.Drills.Measures;
using Dapr.Voice.Opus;

namespace Dapr.Voice.Cli.Drills.Calls;

/// <summary>
/// Reads the audio of a recorded run when the run is over. Reading it at once would take a third of a core, and with it what is measured.
/// </summary>
internal static class HeardAudio
{
    // The longest Opus packet lasts 120 ms (RFC 6716, section 2.1.4).
    private const int LongestPacketFrames = 6;

    /// <param name="entries">In ascending order of time.</param>
    /// <returns>The same entries with what the tones say. Silence at the agent is left out, and silence at a caller is marked.</returns>
    public static List<HistoryEntry> Read(IReadOnlyList<HistoryEntry> entries)
    {
        var read = new List<HistoryEntry>(entries.Count);
        var decoders = new Dictionary<int, IOpusDecoder>();
        short[] pcm = new short[ToneCode.FrameSamples * LongestPacketFrames];
        foreach (HistoryEntry entry in entries)
        {
            if (entry.Audio is not { } audio)
            {
                read.Add(entry);
                continue;
            }
            HistoryEntry heard = entry with { Audio = null };
            if (entry.Kind == HistoryKind.HeardUp)
            {
                foreach (short[] frame in MemoryMarshal.Cast<byte, short>(audio).ToArray().Chunk(ToneCode.FrameSamples))
                {
                    if (frame.Length == ToneCode.FrameSamples && ToneCode.IsAudible(frame))
                        read.Add(heard with { Symbol = ToneCode.Read(frame) });
                }
                continue;
            }
            int call = entry.Call ?? 0;
            if (!decoders.TryGetValue(call, out IOpusDecoder? decoder))
                decoders[call] = decoder = OpusCodec.Best.CreateDecoder(WavFile.SampleRate);
            int samples = decoder.Decode(audio, pcm);
            if (samples <= 0) continue;
            Span<short> voice = pcm.AsSpan(0, samples);
            read.Add(ToneCode.IsAudible(voice) ? heard with { Symbol = ToneCode.Read(voice) }
                : heard with { Kind = HistoryKind.SilentDown });
        }
        foreach (IOpusDecoder decoder in decoders.Values) decoder.Dispose();
        return read;
    }
}
