using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Sessions;

internal enum SilenceStep
{
    None,
    /// <summary>Ask the caller for a sign of life.</summary>
    Ask,
    /// <summary>Release the agent: nobody listens, and a model costs money.</summary>
    Release,
    /// <summary>The caller is back. The agent goes on.</summary>
    Resume,
}

/// <summary>
/// Decides what happens when nothing at all arrives from a caller whose audio is expected: a tab that was closed, a browser that was
/// killed, a network that is gone. The session itself goes on until consent expires. It does no I/O.
/// </summary>
/// <param name="releaseAfter">Zero: the agent stays until the session ends.</param>
internal sealed class SilenceWatch(TimeSpan releaseAfter)
{
    private SilenceStep _last = SilenceStep.Resume;

    /// <summary>True while the agent is released.</summary>
    public bool IsReleased => _last == SilenceStep.Release;

    /// <summary>When <see cref="Next"/> may have a step.</summary>
    public Instant NextTimeout(Instant lastHeard) => _last switch
    {
        SilenceStep.Resume => lastHeard + TransceiverOptions.AskAfterSilence,
        SilenceStep.Ask when releaseAfter > TimeSpan.Zero => lastHeard + releaseAfter,
        _ => Instant.Never,
    };

    /// <summary>Returns the step that is due. Call it after each input and at <see cref="NextTimeout"/>.</summary>
    public SilenceStep Next(Instant lastHeard, Instant now)
    {
        TimeSpan silence = now - lastHeard;
        if (silence < TransceiverOptions.AskAfterSilence)
        {
            bool wasReleased = IsReleased;
            _last = SilenceStep.Resume;
            return wasReleased ? SilenceStep.Resume : SilenceStep.None;
        }
        if (_last == SilenceStep.Resume) return _last = SilenceStep.Ask;
        if (_last == SilenceStep.Ask && releaseAfter > TimeSpan.Zero && silence >= releaseAfter) return _last = SilenceStep.Release;
        return SilenceStep.None;
    }
}
