using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Signaling.Keys;
using Dapr.Voice.Signaling.Sessions;

namespace Dapr.Voice.Signaling.Realtime;

/// <summary>Makes ephemeral keys. An app server asks for one and gives it to its page.</summary>
internal sealed class ClientSecrets(
    SignalingOptions options, FleetOptions fleet, AgentChoice agents, KeyLoader keys, SignalingMetrics metrics, TimeProvider time)
{
    private const int MaximumBodyBytes = 32 * 1024;

    private static readonly RealtimeJson Json = new(ReadableJson.OptionsOf(RealtimeJson.Default));

    /// <summary>Answers <c>POST /v1/realtime/client_secrets</c> of an authenticated caller.</summary>
    public async Task<ApiError?> AnswerAsync(HttpContext context)
    {
        (ClientSecretRequest? request, ApiError? error) = await ReadAsync(context.Request);
        return error ?? await AnswerAsync(context, request!);
    }

    /// <summary>Answers with a key for <paramref name="request"/>.</summary>
    public async Task<ApiError?> AnswerAsync(HttpContext context, ClientSecretRequest request)
    {
        if (keys.Current is not { } current) return ApiError.Unavailable("The service is starting.");
        ApiError? unknown = SessionRequest.CheckUnknown(request.Unknown, "session, expires_after, agent and max_session_seconds")
            ?? SessionRequest.CheckUnknown(request.ExpiresAfter?.Unknown, "'anchor' and 'seconds' of expires_after");
        if (unknown is not null) return unknown;
        if (request.ExpiresAfter is { Anchor: not (null or "created_at") })
            return ApiError.Invalid("invalid_expires_after", "'expires_after.anchor' should be 'created_at'.", "expires_after.anchor");
        int seconds = request.ExpiresAfter?.Seconds ?? EphemeralKey.DefaultSeconds;
        if (seconds is < EphemeralKey.MinimumSeconds or > EphemeralKey.MaximumSeconds)
            return ApiError.Invalid("invalid_expires_after",
                $"'expires_after.seconds' should be {EphemeralKey.MinimumSeconds} to {EphemeralKey.MaximumSeconds}.",
                "expires_after.seconds");
        if (SessionRequest.CheckMaximum(request.MaxSessionSeconds, "max_session_seconds") is { } maximumError) return maximumError;
        JsonElement? session = request.Session is { ValueKind: JsonValueKind.Null } ? null : request.Session;
        if (SessionRequest.CheckSession(session, EphemeralKey.MaximumSessionBytes) is { } sessionError) return sessionError;
        string? agent = request.Agent ?? AgentChoice.TextOf(session, "agent");
        if (agent is not null && !agents.IsKnown(agent)) return AgentChoice.NotFound(agent);

        // Whole seconds, as in the key.
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds() + seconds);
        int maximum = Math.Min(request.MaxSessionSeconds ?? options.MaximumSessionSeconds, options.MaximumSessionSeconds);
        var grant = new EphemeralKey(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12)), fleet.Region, agent, maximum, session,
            expiresAt);
        var answer = new ClientSecretResponse(current.Ephemeral.Issue(grant), expiresAt.ToUnixTimeSeconds(), Echo(session, grant.Id));
        metrics.Keys.Add(1);
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsJsonAsync(
            answer, Json.ClientSecretResponse, cancellationToken: context.RequestAborted);
        return null;
    }

    private static async Task<(ClientSecretRequest? Request, ApiError? Error)> ReadAsync(HttpRequest request)
    {
        byte[]? body = await RequestBody.ReadAsync(request, MaximumBodyBytes);
        if (body is null) return (null, ApiError.TooLarge(MaximumBodyBytes));
        // Every member has a default, so an empty body is a valid request.
        if (body.Length == 0) return (new(), null);
        if (!request.HasJsonContentType()) return (null, ApiError.WrongMediaType("application/json"));
        try
        {
            return RequestBody.ReadJson(body, RealtimeJson.Default.ClientSecretRequest) is { } read ? (read, null) : (new(), null);
        }
        catch (JsonException)
        {
            return (null, ApiError.Invalid("invalid_json", "The body is not the JSON that is expected here: {expires_after?, session?}."));
        }
    }

    /// <summary>Returns the session as it was asked for, including unknown fields, with the members that OpenAI clients expect.</summary>
    private static JsonElement Echo(JsonElement? session, string id)
    {
        JsonObject echo = session is { } given ? JsonObject.Create(given)! : [];
        echo["type"] ??= "realtime";
        echo["object"] = "realtime.session";
        echo["id"] = $"sess_{id}";
        return JsonElement.Parse(echo.ToJsonString());
    }
}
