namespace Dapr.Voice.Turns;

public enum TurnEventKind { None, SpeechStarted, SpeechStopped }

/// <summary>The result of processing a frame.</summary>
/// <param name="AudioMilliseconds">A position in the stream of frames. For a start: where the audio of the turn begins, including the
/// prefix (<c>audio_start_ms</c>). For an end: where it ends, including the silence (<c>audio_end_ms</c>). </param>
public readonly record struct TurnEvent(TurnEventKind Kind, long AudioMilliseconds)
{
    public static TurnEvent None => default;
}
