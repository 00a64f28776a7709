using System.Diagnostics;

namespace Dapr.Voice.TestKit.Speech;

/// <summary>The voice of a caller: Debian's flite with the voice slt, which pocketsphinx recognises best.</summary>
public static class FliteVoice
{
    /// <returns>PCM16 mono at <paramref name="sampleRate"/>. The same words give the same samples.</returns>
    public static short[] Speak(string text, int sampleRate = 24_000, string voice = "slt")
    {
        string file = Path.Combine(Path.GetTempPath(), $"flite-{Guid.NewGuid():N}.wav");
        try
        {
            using Process process = Process.Start(
                new ProcessStartInfo("flite", ["-voice", voice, "-t", text, "-o", file]) {
                RedirectStandardError = true, UseShellExecute = false })!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0) throw new InvalidOperationException($"flite failed: {errors}");
            (short[]? samples, int rate) = WavFile.Read(file);
            return SampleRate.Convert(samples, rate, sampleRate);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
