using System.Text;
using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Signaling.Sessions;

namespace Dapr.Voice.Signaling.Realtime;

/// <summary>
/// <c>/v1/realtime</c>: the routes that unmodified clients of the OpenAI Realtime API over WebRTC call (docs/protocols/realtime.md 1 and
/// 8).
/// </summary>
internal sealed class RealtimeEndpoints(
    Authenticator authenticator, SessionFactory factory, SessionEnder ender, SessionReader reader, ClientSecrets secrets)
{
    public const string CallsPath = "/v1/realtime/calls";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/v1/realtime/client_secrets", CreateClientSecretAsync);
        endpoints.MapPost(CallsPath, CreateCallAsync);
        endpoints.MapGet(CallsPath + "/{callId}", GetCallAsync);
        endpoints.MapDelete(CallsPath + "/{callId}", HangUpAsync);
        endpoints.MapPost(CallsPath + "/{callId}/hangup", HangUpAsync);
        foreach (string operation in (string[])["accept", "reject", "refer"])
        {
            endpoints.MapPost($"{CallsPath}/{{callId}}/{operation}", context =>
                ApiError.NotFound("unsupported_operation", $"'{operation}' is for SIP calls; there are none here.").ExecuteAsync(context));
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
        if (error is null) (call, error) = await CallRequest.ReadAsync(context.Request);
        if (error is null)
        {
            EphemeralKey? key = caller!.EphemeralKey;
            var request = new SessionRequest(
                call!.OfferSdp,
                call.Session ?? key?.Session,
                NullIfEmpty(context.Request.Query["agent"]) ?? call.Agent,
                NullIfEmpty(context.Request.Query["model"]),
                key?.Agent,
                key is null ? call.MaxSessionSeconds : Math.Min(call.MaxSessionSeconds ?? int.MaxValue, key.MaximumSessionSeconds),
                key is null && context.Request.Headers.ContainsKey(ClientKinds.CheckHeader) ? ClientKinds.Check : ClientKinds.OpenAi,
                key?.Id);
            (session, error) = await factory.CreateAsync(request, context.RequestAborted);
        }
        if (error is not null)
        {
            await error.ExecuteAsync(context);
            return;
        }

        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status201Created;
        response.Headers.Location = $"{CallsPath}/{session!.Record.CallId}";
        response.Headers.CacheControl = "no-store";
        if (call!.AnswersJson)
        {
            await response.WriteAsJsonAsync(new CallCreated(session.Record.CallId, session.AnswerSdp), RealtimeJson.Default.CallCreated,
                cancellationToken: context.RequestAborted);
            return;
        }
        response.ContentType = "application/sdp";
        byte[] answer = Encoding.UTF8.GetBytes(session.AnswerSdp);
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
                (string)context.GetRouteValue("callId")!, caller!.EphemeralKey?.Id, context.RequestAborted);
        }
        if (error is not null)
        {
            await error.ExecuteAsync(context);
            return;
        }
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsJsonAsync(
            status!, SessionStatusJson.Default.SessionStatus, cancellationToken: context.RequestAborted);
    }

    private async Task HangUpAsync(HttpContext context)
    {
        (Caller? caller, ApiError? error) = await authenticator.AuthenticateAsync(context, forOwnCall: true);
        if (error is null)
        {
            EndOutcome outcome = await ender.EndAsync((string)context.GetRouteValue("callId")!, Contracts.SessionEndReason.ApiHangup,
                caller!.EphemeralKey?.Id, context.RequestAborted);
            error = SessionReader.ErrorOf(outcome);
        }
        if (error is not null) await error.ExecuteAsync(context);
        else context.Response.ContentLength = 0;
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
