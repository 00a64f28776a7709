using System.Diagnostics;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Transceiver;

/// <summary>Spans of a transceiver; docs/telemetry.md lists them. They are opened and closed at rare moments, never for a packet.</summary>
internal static class TransceiverTrace
{
    public static readonly ActivitySource Source = VoiceTelemetry.CreateActivitySource("Transceiver");
}
