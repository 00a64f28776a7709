using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Signaling.Sessions;

namespace Dapr.Voice.Signaling.Realtime;

/// <summary>
/// <c>/v1/realtime</c>: the routes that unmodified clients of the OpenAI Realtime API over WebRTC call (docs/protocols/realtime.md 1 and
/// 8). Azure's clients call the same ones under <c>/openai</c>.
/// </summary>
internal sealed class RealtimeEndpoints(
    Authenticator authenticator, SessionFactory factory, SessionEnder ender, SessionReader reader, SessionRestarter restarter,
    ClientSecrets secrets, CallLimits limits)
{
    public const string CallsPath = "/v1/realtime/calls";

    private const string AzurePrefix = "/openai";

    private static readonly RealtimeJson Json = new(ReadableJson.OptionsOf(RealtimeJson.Default));
    private static readonly SessionStatusJson StatusJson = new(ReadableJson.OptionsOf(SessionStatusJson.Default));

    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (string prefix in (string[])["", AzurePrefix])
        {
            RouteGroupBuilder routes = endpoints.MapGroup(prefix);
            routes.MapPost("/v1/realtime/client_secrets", CreateClientSecretAsync);
            routes.MapPost(CallsPath, CreateCallAsync);
            routes.MapGet(CallsPath + "/{callId}", GetCallAsync);
            routes.MapPatch(CallsPath + "/{callId}", RestartIceAsync);
            routes.MapDelete(CallsPath + "/{callId}", HangUpAsync);
            routes.MapPost(CallsPath + "/{callId}/hangup", HangUpAsync);
            foreach (string operation in (string[])["accept", "reject", "refer"])
            {
                routes.MapPost($"{CallsPath}/{{callId}}/{operation}", context => ApiError.NotFound(
                    "unsupported_operation", $"'{operation}' is for SIP calls; there are none here.").ExecuteAsync(context));
            }
            // The paths of the beta API, which clients of its time still call.
            foreach (string older in (string[])["/v1/realtime", "/v1/realtime/sessions", "/v1/realtime/transcription_sessions"])
            {
                routes.Map(older, context => ApiError.NotFound("unsupported_path", "This path of the beta API does not exist here. Make a "
                    + "key by POST /v1/realtime/client_secrets, and a call by POST /v1/realtime/calls.").ExecuteAsync(context));
            }
        }
    }

    private async Task CreateClientSecretAsync(HttpContext context)
    {
        (Caller? caller, ApiError? error) = await authenticator.AuthenticateAsync(context);
        if (error is null && !caller!.HoldsApiKey)
            error = ApiError.Forbidden("api_key_required", "Ephemeral keys are made with an API key, on a server.");
        if (error is null) error = await secrets.AnswerAsync(context);
        if (error is not null) await error.ExecuteAsync(context);
    }

    private async Task CreateCallAsync(HttpContext context)
    {
        (Caller? caller, ApiError? error) = await authenticator.AuthenticateAsync(context);
        CallRequest? call = null;
        CreatedSession? session = null;
        // Before the body is read, so that a refusal costs as little as possible.
        if (error is null) error = limits.TryTake(CallSource.OfKey(caller!.KeyName, context));
        if (error is null) (call, error) = await CallRequest.ReadAsync(context.Request);
        EphemeralKey? key = caller?.EphemeralKey;
        JsonElement? agreed = error is null ? SessionRequest.Overlay(call!.Session, key?.Session) : null;
        error ??= SessionRequest.CheckSession(agreed, SessionRequest.MaximumSessionBytes);
        if (error is null)
        {
            var request = new SessionRequest(
                call!.OfferSdp,
                agreed,
                NullIfEmpty(context.Request.Query["agent"]) ?? call.Agent,
                NullIfEmpty(context.Request.Query["model"]),
                key?.Agent,
                key is null ? call.MaxSessionSeconds : Math.Min(call.MaxSessionSeconds ?? int.MaxValue, key.MaximumSessionSeconds),
                key is null && context.Request.Headers.ContainsKey(ClientKinds.CheckHeader) ? ClientKinds.Check : ClientKinds.OpenAi,
                key?.Id,
                OfferField: "sdp");
            (session, error) = await factory.CreateAsync(request, context.RequestAborted);
        }
        if (error is not null)
        {
            await error.ExecuteAsync(context);
            return;
        }

        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status201Created;
        string prefix = context.Request.Path.StartsWithSegments(AzurePrefix) ? AzurePrefix : "";
        response.Headers.Location = $"{prefix}{CallsPath}/{session!.Record.CallId}";
        await WriteAnswerAsync(context, call!, session.Record.CallId, session.AnswerSdp);
    }

    /// <summary>An ICE restart. The body is a new offer in any of the forms of a call, without a session.</summary>
    private async Task RestartIceAsync(HttpContext context)
    {
        (Caller? caller, ApiError? error) = await authenticator.AuthenticateAsync(context, forOwnCall: true);
        if (error is null) error = limits.TryTake(CallSource.OfKey(caller!.KeyName, context));
        CallRequest? call = null;
        if (error is null) (call, error) = await CallRequest.ReadAsync(context.Request);
        if (error is null && call!.Session is not null)
            error = ApiError.Invalid("unknown_parameter", "A restart has no 'session'. Send session.update in the call.", "session");
        string callId = (string)context.GetRouteValue("callId")!;
        string? answer = null;
        if (error is null)
            (answer, error) = await restarter.RestartAsync(callId, call!.OfferSdp, caller!.EphemeralKey?.Id, context.RequestAborted);
        if (error is not null) await error.ExecuteAsync(context);
        else await WriteAnswerAsync(context, call!, callId, answer!);
    }

    private static async Task WriteAnswerAsync(HttpContext context, CallRequest call, string callId, string answerSdp)
    {
        HttpResponse response = context.Response;
        response.Headers.CacheControl = "no-store";
        if (call.AnswersJson)
        {
            await response.WriteAsJsonAsync(
                new CallCreated(callId, answerSdp), Json.CallCreated, cancellationToken: context.RequestAborted);
            return;
        }
        response.ContentType = "application/sdp";
        byte[] answer = Encoding.UTF8.GetBytes(answerSdp);
        response.ContentLength = answer.Length;
        await response.Body.WriteAsync(answer, context.RequestAborted);
    }

    private async Task GetCallAsync(HttpContext context)
    {
        (Caller? caller, ApiError? error) = await authenticator.AuthenticateAsync(context, forOwnCall: true);
        SessionStatus? status = null;
        if (error is null)
        {
            (status, error) = await reader.ReadAsync(
                (string)context.GetRouteValue("callId")!, caller!.EphemeralKey?.Id, MayAsk(caller, context), context.RequestAborted);
        }
        if (error is not null)
        {
            await error.ExecuteAsync(context);
            return;
        }
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsJsonAsync(
            status!, StatusJson.SessionStatus, cancellationToken: context.RequestAborted);
    }

    private async Task HangUpAsync(HttpContext context)
    {
        (Caller? caller, ApiError? error) = await authenticator.AuthenticateAsync(context, forOwnCall: true);
        if (error is null)
        {
            SessionEnd end = await ender.EndAsync((string)context.GetRouteValue("callId")!, Contracts.SessionEndReason.ApiHangup,
                caller!.EphemeralKey?.Id, MayAsk(caller, context), context.RequestAborted);
            error = SessionReader.ErrorOf(end);
        }
        if (error is not null) await error.ExecuteAsync(context);
        else context.Response.ContentLength = 0;
    }

    /// <summary>A question to all transceivers costs the caller as much of its limits as a call does.</summary>
    private Func<ApiError?> MayAsk(Caller caller, HttpContext context) => () => limits.TryTake(CallSource.OfKey(caller.KeyName, context));

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
