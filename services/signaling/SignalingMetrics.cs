using System.Diagnostics.Metrics;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling;

/// <summary>
/// The instruments of the meter <c>Dapr.Voice.Signaling</c>. The tag <c>outcome</c> has the same word as the caller's answer, the record or
/// the log.
/// </summary>
internal sealed class SignalingMetrics : IDisposable
{
    private readonly Meter _meter = VoiceTelemetry.CreateMeter("Signaling");

    public SignalingMetrics()
    {
        Sessions = _meter.CreateCounter<long>(
            "voice.signaling.sessions", "{session}", "Sessions asked for, by outcome: created, or the code of the error.");
        CallRefusals = _meter.CreateCounter<long>("voice.signaling.call.refusals", "{call}",
            "Calls refused because their key, their address or their app started too many, by limit.");
        AnswerDuration = _meter.CreateHistogram<double>(
            "voice.signaling.answer.duration", "s", "From the parsed request to the answer, the state write included.");
        FleetRefreshes = _meter.CreateCounter<long>(
            "voice.signaling.fleet.refreshes", "{refresh}", "Reads of the fleet's records, by outcome.");
        Pushes = _meter.CreateCounter<long>("voice.signaling.pushes", "{push}", "Records pushed to owners, by outcome.");
        Events = _meter.CreateCounter<long>("voice.signaling.events", "{event}", "Lifecycle events published, by outcome.");
        Ends = _meter.CreateCounter<long>("voice.signaling.ends", "{end}", "Sessions ended on request, by outcome.");
        Keys = _meter.CreateCounter<long>("voice.signaling.keys", "{key}", "Ephemeral keys issued.");
    }

    public Counter<long> Sessions { get; }
    public Counter<long> CallRefusals { get; }
    public Histogram<double> AnswerDuration { get; }
    public Counter<long> FleetRefreshes { get; }
    public Counter<long> Pushes { get; }
    public Counter<long> Events { get; }
    public Counter<long> Ends { get; }
    public Counter<long> Keys { get; }

    public void Dispose() => _meter.Dispose();
}
