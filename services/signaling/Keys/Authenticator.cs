using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>
/// Turns <c>Authorization: Bearer …</c>, or the header <c>api-key</c> of Azure's clients, into a <see cref="Caller"/> or into an error
/// that says what is wrong.
/// </summary>
internal sealed class Authenticator(KeyLoader keys)
{
    private const string Scheme = "Bearer ", AzureHeader = "api-key";
    private const int MaximumHeaderLength = 32 * 1024;

    /// <param name="forOwnCall">The request is about a call that exists, and only the key that made it may do that. Such a key does its
    /// work after its time, too: the time limits new calls, and most calls outlive their key.</param>
    public async Task<(Caller? Caller, ApiError? Error)> AuthenticateAsync(HttpContext context, bool forOwnCall = false)
    {
        if (keys.Current is not { } current) return (null, ApiError.Unavailable("The service is starting."));
        if (KeyOf(context.Request.Headers) is not { } key)
            return (null, ApiError.Unauthenticated("missing_api_key", "Send an API key or an ephemeral key: Authorization: Bearer KEY."));
        if (!key.StartsWith(EphemeralKeys.Prefix, StringComparison.Ordinal))
        {
            return current.Fleet.ApiKeys.TryFind(key, out int index)
                ? (new Caller(null, $"api:{index}"), null)
                : (null, ApiError.Unauthenticated("invalid_api_key", "This API key is not known here."));
        }
        (EphemeralKeyOutcome outcome, EphemeralKey? ephemeral) = await current.Ephemeral.CheckAsync(key);
        return outcome switch
        {
            EphemeralKeyOutcome.Valid => (new Caller(ephemeral, $"ephemeral:{ephemeral!.Id}"), null),
            EphemeralKeyOutcome.Expired when forOwnCall => (new Caller(ephemeral, $"ephemeral:{ephemeral!.Id}"), null),
            EphemeralKeyOutcome.Expired => (null, ApiError.Unauthenticated("ephemeral_key_expired", "This ephemeral key has expired. Ask "
                + "for a new one: POST /v1/realtime/client_secrets.")),
            _ => (null, ApiError.Unauthenticated("invalid_ephemeral_key", "This ephemeral key is not valid here.")),
        };
    }

    private static string? KeyOf(IHeaderDictionary headers)
    {
        string? bearer = headers.Authorization;
        if (string.IsNullOrEmpty(bearer)) return headers[AzureHeader] is [{ Length: > 0 and <= MaximumHeaderLength } key] ? key : null;
        return bearer.Length <= MaximumHeaderLength && bearer.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? bearer[Scheme.Length..].Trim() : null;
    }
}
