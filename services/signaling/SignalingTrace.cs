using System.Diagnostics;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling;

/// <summary>The spans of signaling. docs/telemetry.md lists them.</summary>
internal static class SignalingTrace
{
    public static readonly ActivitySource Source = VoiceTelemetry.CreateActivitySource("Signaling");
}
