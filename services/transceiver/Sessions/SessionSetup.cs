using System.Diagnostics;
using System.Diagnostics.Metrics;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Transceiver.Sessions;

/// <summary>The steps until both sides can talk, in their usual order.</summary>
[Flags]
internal enum SetupStep
{
    None = 0,
    IceConnected = 1,
    DtlsConnected = 2,
    ChannelOpen = 4,
    FirstAudio = 8,
}

/// <summary>
/// The span of a session's set-up, from its record to the caller's first audio, and the histogram of its duration. The span continues the
/// trace that the record names. It is created on any thread, and the worker uses it from then on. For a packet, <see cref="Note"/> costs
/// one comparison once the step is known.
/// </summary>
internal sealed class SessionSetup
{
    private static readonly Meter Meter = VoiceTelemetry.CreateMeter("Transceiver");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "voice.transceiver.setup.duration", "s", "From a session's record until ICE and DTLS are up.");

    private readonly Activity? _span;
    private SetupStep _missing;

    /// <param name="isDone">The session was set up at another transceiver.</param>
    public SessionSetup(SessionRecord record, bool isDone = false)
    {
        if (isDone) return;
        _missing = SetupStep.IceConnected | SetupStep.DtlsConnected;
        if (record.Offer.SctpPort is > 0) _missing |= SetupStep.ChannelOpen;
        if (record.Offer is { AudioSends: true, OpusPayloadType: not null }) _missing |= SetupStep.FirstAudio;

        // A span stays the current span of the code that started it. This one lives longer than the call and belongs to no request.
        Activity? current = Activity.Current;
        _span = TransceiverTrace.Source.Start("voice.transceiver.session_setup", record.Traceparent);
        Activity.Current = current;
        _span?.SetTag("voice.call_id", record.CallId).SetTag("voice.agent", record.Agent).SetTag("voice.slot", record.Slot);
    }

    /// <summary>A step is done. A repeated call does nothing. The last step ends the span.</summary>
    public void Note(SetupStep step)
    {
        if ((_missing & step) == SetupStep.None) return;
        _missing &= ~step;
        _span?.AddEvent(new ActivityEvent(MetricTag.Word(step)));
        if (_missing == SetupStep.None) Stop();
    }

    /// <summary>Both ICE and DTLS are up.</summary>
    public static void NoteConnected(TimeSpan after) => Duration.Record(after.TotalSeconds);

    /// <summary>The session has ended. If the set-up is not complete, it has failed.</summary>
    public void End(SessionEndReason reason)
    {
        if (_missing == SetupStep.None) return;
        bool wasConnected = (_missing & (SetupStep.IceConnected | SetupStep.DtlsConnected)) == SetupStep.None;
        _missing = SetupStep.None;
        _span?.SetTag("voice.end_reason", MetricTag.Word(reason));
        if (!wasConnected) _span?.SetStatus(ActivityStatusCode.Error);
        Stop();
    }

    private void Stop()
    {
        Activity? current = Activity.Current;
        _span?.Dispose();
        Activity.Current = current;
    }
}
