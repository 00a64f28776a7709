using System.Net;
using System.Text.Json;

namespace Dapr.Voice.Sidecar;

/// <summary><see cref="ISecretStore"/> over Dapr's HTTP API.</summary>
internal sealed class HttpSecretStore(SidecarConnection connection) : ISecretStore
{
    public async Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default)
    {
        SidecarNames.Check(store, nameof(store));
        ArgumentException.ThrowIfNullOrEmpty(key);
        long started = connection.Time.GetTimestamp();
        using var deadline = connection.StartDeadline(connection.Options.SecretTimeout, cancellation);
        var answer = await connection.SendAsync(HttpMethod.Get, $"/v1.0/secrets/{store}/{Uri.EscapeDataString(key)}", default, null, null, deadline).ConfigureAwait(false);
        var result = answer switch
        {
            { IsSuccess: true } => Read(answer, key),
            { Failure: not SidecarFailure.None } => new SecretResult(SecretOutcome.Unavailable, null, answer.ErrorCode),
            { Status: >= HttpStatusCode.InternalServerError } => new SecretResult(SecretOutcome.Failed, null, answer.ErrorCode),
            _ => new SecretResult(SecretOutcome.Refused, null, answer.ErrorCode),
        };
        connection.Record("secret", result.Outcome.ToString(), result.Outcome != SecretOutcome.Unavailable, started);
        return result;
    }

    private static SecretResult Read(SidecarAnswer answer, string key)
    {
        try
        {
            var values = answer.Body.IsEmpty ? null : JsonSerializer.Deserialize(answer.Body.Span, StateJson.Default.DictionaryStringString);
            return values is not null && values.TryGetValue(key, out string? value) && !string.IsNullOrEmpty(value)
                ? new SecretResult(SecretOutcome.Found, value, null)
                : new SecretResult(SecretOutcome.Missing, null, "EMPTY_SECRET");
        }
        catch (JsonException)
        {
            return new SecretResult(SecretOutcome.Failed, null, "MALFORMED_ANSWER");
        }
    }
}
