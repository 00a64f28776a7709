using System.Diagnostics;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Transceiver;

/// <summary>The spans of a transceiver. docs/telemetry.md lists them. They start and end at rare moments and never for a packet.</summary>
internal static class TransceiverTrace
{
    public static readonly ActivitySource Source = VoiceTelemetry.CreateActivitySource("Transceiver");
}
