using System.Net.WebSockets;
using Dapr.Voice.LocalAgent.Hearing;
using Dapr.Voice.LocalAgent.Speaking;

namespace Dapr.Voice.LocalAgent.Realtime;

/// <summary><c>GET /v1/realtime?model=…</c>: accepts WebSockets, up to a limit.</summary>
internal sealed partial class RealtimeEndpoint(
    LocalAgentOptions options, SpeechSynthesizer synthesizer, SpeechRecognizer recognizer, TimeProvider time,
    IHostApplicationLifetime lifetime, ILogger<RealtimeEndpoint> log)
{
    private const string Subprotocol = "realtime";

    private int _sessions;

    public async Task HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "invalid_request_error", "websocket_required",
                "This is a WebSocket endpoint.");
            return;
        }
        if (Interlocked.Increment(ref _sessions) > options.MaximumSessions)
        {
            Interlocked.Decrement(ref _sessions);
            context.Response.Headers.RetryAfter = "5";
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "server_error", "over_capacity",
                $"{options.MaximumSessions} conversations are going on already.");
            return;
        }
        try
        {
            // A browser puts its key among the subprotocols and expects that one of them is accepted. It is this one.
            string? subprotocol = context.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocol) ? Subprotocol : null;
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(subprotocol);
            string model = context.Request.Query["model"].ToString();
            var session = new RealtimeSession(
                socket, model.Length is > 0 and <= 128 ? model : "local", options, synthesizer, recognizer, time);
            Started(log, session.Id);
            await session.RunAsync(lifetime.ApplicationStopping);
            Ended(log, session.Id, session.Turns);
        }
        finally
        {
            Interlocked.Decrement(ref _sessions);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string type, string code, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(RealtimeSession.ErrorBody(type, code, message, null, null), context.RequestAborted);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Conversation {SessionId} begins")]
    private static partial void Started(ILogger log, string sessionId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Conversation {SessionId} ends after {Turns} turns")]
    private static partial void Ended(ILogger log, string sessionId, int turns);
}
