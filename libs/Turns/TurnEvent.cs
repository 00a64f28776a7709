namespace Dapr.Voice.Turns;

public enum TurnEventKind { None, SpeechStarted, SpeechStopped }

/// <summary>What a frame brought about.</summary>
/// <param name="AudioMilliseconds">
/// Position in the stream of frames. For a start: where the turn's audio begins, prefix included (<c>audio_start_ms</c>); for a stop: where
/// it ends, silence included (<c>audio_end_ms</c>).
/// </param>
public readonly record struct TurnEvent(TurnEventKind Kind, long AudioMilliseconds)
{
    public static TurnEvent None => default;
}
