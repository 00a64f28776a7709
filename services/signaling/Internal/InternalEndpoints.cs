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
internal sealed class InternalEndpoints(
    SessionFactory factory, SessionEnder ender, SessionReader reader, CallLimits limits, ILogger<InternalEndpoints> logger)
{
    /// <summary>The reasons that a caller may give. The other reasons of a record are for the fleet itself to find.</summary>
    private static readonly SessionEndReason[] Reasons =
        [SessionEndReason.ApiHangup, SessionEndReason.Drain, SessionEndReason.LimitReached, SessionEndReason.Error];

    private static readonly InternalJson Json = new(ReadableJson.OptionsOf(InternalJson.Default));
    private static readonly SessionStatusJson StatusJson = new(ReadableJson.OptionsOf(SessionStatusJson.Default));

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
        InternalSessionRequest? body = null;
        // All callers come from the sidecar's address. So the limit is for the app that its sidecar names.
        ApiError? error = limits.TryTake(CallSource.OfApp(Caller(context)));
        if (error is null) (body, error) = await ReadAsync(context.Request);
        if (error is not null)
        {
            await error.ExecuteAsync(context);
            return;
        }
        var request = new SessionRequest(body!.OfferSdp!, body.Session, body.Agent, Model: null, RequiredAgent: null, body.MaximumSeconds,
            ClientKinds.Internal, EphemeralKeyId: null, OfferField: "offerSdp");
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
            Json.InternalSessionCreated, cancellationToken: context.RequestAborted);
    }

    private async Task GetAsync(HttpContext context)
    {
        (SessionStatus? status, ApiError? error) = await reader.ReadAsync(
            (string)context.GetRouteValue("callId")!, onlyIfMadeWith: null, MayAsk(context), context.RequestAborted);
        if (error is not null) await error.ExecuteAsync(context);
        else await context.Response.WriteAsJsonAsync(
            status!, StatusJson.SessionStatus, cancellationToken: context.RequestAborted);
    }

    private async Task DeleteAsync(HttpContext context)
    {
        string callId = (string)context.GetRouteValue("callId")!;
        if (!TryReadReason(context.Request.Query["reason"], out SessionEndReason reason))
        {
            await ApiError.Invalid("invalid_reason", $"'reason' should be one of {string.Join(", ", Reasons.Select(SessionEnder.Word))}. "
                + "Without one it is api_hangup.", "reason").ExecuteAsync(context);
            return;
        }
        SessionEnd end = await ender.EndAsync(callId, reason, onlyIfMadeWith: null, MayAsk(context), context.RequestAborted);
        SignalingLog.InternalCall(logger, Caller(context), "end", CallId.TryParse(callId, out _, out _) ? callId : "-",
            $"{end.Outcome} {SessionEnder.Word(reason)}");
        if (SessionReader.ErrorOf(end) is { } error)
        {
            await error.ExecuteAsync(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        string status = end.Outcome == EndOutcome.AlreadyEnded ? "already_ended" : "ending";
        await context.Response.WriteAsJsonAsync(
            new InternalEnd(callId, status), Json.InternalEnd, cancellationToken: context.RequestAborted);
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
        if (SessionRequest.CheckUnknown(body?.Unknown, "offerSdp, session, agent and maximumSeconds") is { } unknown)
            return (null, unknown);
        if (string.IsNullOrWhiteSpace(body?.OfferSdp))
            return (null, ApiError.Invalid("missing_sdp", "'offerSdp' should be the offer.", "offerSdp"));
        if (System.Text.Encoding.UTF8.GetByteCount(body.OfferSdp) > SessionRequest.MaximumOfferBytes)
            return (null, ApiError.TooLarge(SessionRequest.MaximumOfferBytes));
        if (body.Session is { ValueKind: JsonValueKind.Null }) body = body with { Session = null };
        ApiError? error = SessionRequest.CheckSession(body.Session, SessionRequest.MaximumSessionBytes)
            ?? SessionRequest.CheckMaximum(body.MaximumSeconds, "maximumSeconds");
        return error is null ? (body, null) : (null, error);
    }

    /// <summary>Reads the word of a reason. No word means that the caller hung up.</summary>
    private static bool TryReadReason(string? word, out SessionEndReason reason)
    {
        reason = string.IsNullOrEmpty(word) ? SessionEndReason.ApiHangup : Reasons.FirstOrDefault(r => SessionEnder.Word(r) == word);
        return reason != SessionEndReason.None;
    }

    private Func<ApiError?> MayAsk(HttpContext context) => () => limits.TryTake(CallSource.OfApp(Caller(context)));

    private static string Caller(HttpContext context) => AgentNameOrDash(AppApiToken.CallerAppId(context));

    private static string AgentNameOrDash(string? appId) => AgentName.IsValid(appId) ? appId! : "-";
}
