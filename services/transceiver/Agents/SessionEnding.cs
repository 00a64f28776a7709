using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// What a caller is told when the server ends the call (docs/protocols/realtime.md 8): an <c>error</c> event of type <c>session_ended</c>.
/// Its code is the reason in the session's record.
/// </summary>
internal static class SessionEnding
{
    public const string ErrorType = "session_ended";

    /// <summary>The event for a caller who was silent for too long. <see cref="WebRtc.PeerSession"/> sends it on its own.</summary>
    public static ReadOnlyMemory<byte> AfterSilence { get; } = Encoding.UTF8.GetBytes(
        "{\"event_id\":\"event_end\",\"type\":\"error\",\"error\":{"
        + $"\"type\":\"{ErrorType}\",\"code\":\"{Code(SessionEndReason.ConsentExpired)}\",\"message\":\""
        + $"{JsonEncodedText.Encode(Sentence(SessionEndReason.ConsentExpired))}\",\"param\":null,\"event_id\":null}}}}");

    public static string Code(SessionEndReason reason) => MetricTag.Word(reason);

    /// <summary>Returns false for an end that the caller asked for. A caller is not told of its own hang-up.</summary>
    public static bool IsTold(SessionEndReason reason) => reason is not (SessionEndReason.None or SessionEndReason.ClientHangup);

    public static string Sentence(SessionEndReason reason) => reason switch
    {
        SessionEndReason.ApiHangup => "The service ended this call.",
        SessionEndReason.ConsentExpired => "Nothing arrived from this client for 30 seconds, so the call was ended.",
        SessionEndReason.SetupTimeout => "The connection was not complete in time, so the call was ended.",
        SessionEndReason.DtlsFailed or SessionEndReason.FingerprintMismatch => "The secure connection failed, so the call was ended.",
        SessionEndReason.NoRoom => "All places were taken when the call came. Call again in a moment.",
        SessionEndReason.LimitReached => "The call has reached its longest duration.",
        SessionEndReason.AgentFailed => "The agent is not available, so the call was ended.",
        SessionEndReason.Drain => "This server is shutting down. Call again to reach another one.",
        SessionEndReason.OwnerLost => "This server no longer serves the call. Call again to reach another one.",
        _ => "A fault of the server ended the call.",
    };
}
