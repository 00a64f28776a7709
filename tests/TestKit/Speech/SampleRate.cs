namespace Dapr.Voice.TestKit.Speech;

/// <summary>
/// Changes the sample rate of a whole recording, slowly and well: each sample is a sum of windowed sincs. It shares no code with what it
/// tests.
/// </summary>
public static class SampleRate
{
    private const int Reach = 24;

    public static short[] Convert(ReadOnlySpan<short> samples, int from, int to)
    {
        if (from == to) return samples.ToArray();
        short[] converted = new short[(int)((long)samples.Length * to / from)];
        double scale = Math.Min(1.0, (double)to / from);
        int reach = (int)Math.Ceiling(Reach / scale);
        for (int i = 0; i < converted.Length; i++)
        {
            double center = (double)i * from / to;
            int first = (int)Math.Floor(center) - reach + 1;
            double sum = 0;
            for (int j = Math.Max(0, first); j < Math.Min(samples.Length, first + 2 * reach); j++)
            {
                double x = (j - center) * scale;
                double window = 0.5 + 0.5 * Math.Cos(Math.PI * (j - center) / reach);
                sum += samples[j] * scale * window * (Math.Abs(x) < 1e-9 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x));
            }
            converted[i] = (short)Math.Clamp(Math.Round(sum), short.MinValue, short.MaxValue);
        }
        return converted;
    }
}
