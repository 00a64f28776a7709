using System.Diagnostics;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling;

/// <summary>Spans of signaling; docs/telemetry.md lists them.</summary>
internal static class SignalingTrace
{
    public static readonly ActivitySource Source = VoiceTelemetry.CreateActivitySource("Signaling");
}
