namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>The three tones of a frame, each one of sixteen.</summary>
internal readonly record struct ToneSymbol(int Low, int Middle, int High)
{
    public const int Tones = 16;

    /// <summary>How many of the caller's frames have different symbols: 82 s.</summary>
    public const int UpCycle = Tones * Tones * Tones;

    /// <summary>The agent's frames spend a part of the high tone on the number of the connection.</summary>
    public const int Connections = 4;

    /// <summary>How many frames of one connection have different symbols: 20 s.</summary>
    public const int DownCycle = UpCycle / Connections;

    public static ToneSymbol OfUp(long frame)
        => new((int)(frame % Tones), (int)(frame / Tones % Tones), (int)(frame / (Tones * Tones) % Tones));

    public static ToneSymbol OfDown(long frame, int connection)
        => OfUp(frame) with {
            High = (int)(frame / (Tones * Tones) % (Tones / Connections)) * Connections + connection % Connections };

    /// <summary>The caller's frame number modulo <see cref="UpCycle"/>.</summary>
    public int Up => (High * Tones + Middle) * Tones + Low;

    /// <summary>The agent's frame number modulo <see cref="DownCycle"/>.</summary>
    public int Down => (High / Connections * Tones + Middle) * Tones + Low;

    /// <summary>The agent's connection modulo <see cref="Connections"/>.</summary>
    public int Connection => High % Connections;
}
