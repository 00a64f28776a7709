using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Signaling.Sessions;

namespace Dapr.Voice.Signaling.Internal;

/// <summary>
/// <c>/internal/v1/sessions</c>: sessions for other services, which call the app id <c>signaling</c> by Dapr invocation. A caller needs the
/// app token, which the sidecar adds. The keys of end users are not accepted here.
/// </summary>
internal sealed class InternalEndpoints(SessionFactory factory, SessionEnder ender, SessionReader reader, ILogger<InternalEndpoints> logger)
{
    private const int MaximumReasonLength = 64;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        RouteGroupBuilder sessions = endpoints.MapGroup("/internal/v1/sessions");
        sessions.MapPost("", CreateAsync);
        sessions.MapGet("{callId}", GetAsync);
        sessions.MapDelete("{callId}", DeleteAsync);
        sessions.RequireAppApiToken();
    }

    private async Task CreateAsync(HttpContext context)
    {
        (InternalSessionRequest? body, ApiError? error) = await ReadAsync(context.Request);
        if (error is not null)
        {
            await error.ExecuteAsync(context);
            return;
        }
        var request = new SessionRequest(body!.OfferSdp!, body.Session, body.Agent, Model: null, RequiredAgent: null, body.MaximumSeconds,
            ClientKinds.Internal, EphemeralKeyId: null);
        (CreatedSession? session, error) = await factory.CreateAsync(request, context.RequestAborted);
        SignalingLog.InternalCall(logger, Caller(context), "create", session?.Record.CallId ?? "-", error?.Code ?? "created");
        if (error is not null)
        {
            await error.ExecuteAsync(context);
            return;
        }
        SessionRecord record = session!.Record;
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = $"/internal/v1/sessions/{record.CallId}";
        await context.Response.WriteAsJsonAsync(
            new InternalSessionCreated(record.CallId, session.AnswerSdp, record.OwnerAppId, record.Region, session.ExpiresAt),
            InternalJson.Default.InternalSessionCreated, cancellationToken: context.RequestAborted);
    }

    private async Task GetAsync(HttpContext context)
    {
        (SessionStatus? status, ApiError? error) = await reader.ReadAsync(
            (string)context.GetRouteValue("callId")!, onlyIfMadeWith: null, context.RequestAborted);
        if (error is not null) await error.ExecuteAsync(context);
        else await context.Response.WriteAsJsonAsync(
        status!, SessionStatusJson.Default.SessionStatus, cancellationToken: context.RequestAborted);
    }

    private async Task DeleteAsync(HttpContext context)
    {
        string callId = (string)context.GetRouteValue("callId")!;
        string? why = context.Request.Query["reason"];
        EndOutcome outcome = await ender.EndAsync(callId, ReasonOf(why), onlyIfMadeWith: null, context.RequestAborted);
        SignalingLog.InternalCall(logger, Caller(context), "end", CallId.TryParse(callId, out _, out _) ? callId : "-",
            $"{outcome} {Plain(why)}");
        if (SessionReader.ErrorOf(outcome) is { } error)
        {
            await error.ExecuteAsync(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await context.Response.WriteAsJsonAsync(new InternalEnd(callId, outcome == EndOutcome.AlreadyEnded ? "already_ended" : "ending"),
            InternalJson.Default.InternalEnd, cancellationToken: context.RequestAborted);
    }

    private static async Task<(InternalSessionRequest? Body, ApiError? Error)> ReadAsync(HttpRequest request)
    {
        const int limit = SessionRequest.MaximumOfferBytes + SessionRequest.MaximumSessionBytes + 16 * 1024;
        if (!request.HasJsonContentType()) return (null, ApiError.WrongMediaType("application/json {offerSdp, session?, agent?}"));
        byte[]? bytes = await RequestBody.ReadAsync(request, limit);
        if (bytes is null) return (null, ApiError.TooLarge(limit));
        InternalSessionRequest? body;
        try
        {
            body = RequestBody.ReadJson(bytes, InternalJson.Default.InternalSessionRequest);
        }
        catch (JsonException)
        {
            return (null, ApiError.Invalid(
                "invalid_json", "The body is not the JSON that is expected here: {offerSdp, session?, agent?}."));
        }
        if (string.IsNullOrWhiteSpace(body?.OfferSdp))
            return (null, ApiError.Invalid("missing_sdp", "'offerSdp' should be the offer.", "offerSdp"));
        if (System.Text.Encoding.UTF8.GetByteCount(body.OfferSdp) > SessionRequest.MaximumOfferBytes)
            return (null, ApiError.TooLarge(SessionRequest.MaximumOfferBytes));
        if (body.Session is { ValueKind: JsonValueKind.Null }) body = body with { Session = null };
        return SessionRequest.CheckSession(body.Session, SessionRequest.MaximumSessionBytes) is { } error ? (null, error) : (body, null);
    }

    /// <summary>
    /// Maps a caller's own word to a reason. The word goes to the log. The record holds a fixed list, and callers may give only these.
    /// </summary>
    private static SessionEndReason ReasonOf(string? word) => word switch
    {
        "drain" => SessionEndReason.Drain,
        "limit_reached" => SessionEndReason.LimitReached,
        "error" => SessionEndReason.Error,
        _ => SessionEndReason.ApiHangup,
    };

    private static string Plain(string? word)
        => word is { Length: <= MaximumReasonLength } && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? word : "";

    private static string Caller(HttpContext context) => AgentNameOrDash(AppApiToken.CallerAppId(context));

    private static string AgentNameOrDash(string? appId) => AgentName.IsValid(appId) ? appId! : "-";
}
