namespace Dapr.Voice.Tests.Unit.Transceiver.Media;

/// <summary>A sine at 24 kHz, and a meter for it.</summary>
internal static class Tone
{
    public static short[] Pcm(double hertz, int samples, int first = 0, double amplitude = 8000)
        => Enumerable.Range(first, samples).Select(i => (short)(amplitude * Math.Sin(2 * Math.PI * hertz * i / 24_000))).ToArray();

    /// <summary>Amplitude of one frequency (Goertzel).</summary>
    public static double AmplitudeOf(double hertz, ReadOnlySpan<short> pcm)
    {
        double re = 0, im = 0;
        for (int i = 0; i < pcm.Length; i++)
        {
            double angle = 2 * Math.PI * hertz * i / 24_000;
            re += pcm[i] * Math.Cos(angle);
            im += pcm[i] * Math.Sin(angle);
        }
        return pcm.IsEmpty ? 0 : 2 * Math.Sqrt(re * re + im * im) / pcm.Length;
    }
}
