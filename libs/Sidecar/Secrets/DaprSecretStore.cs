using Dapr.Client;
using Grpc.Core;

namespace Dapr.Voice.Sidecar;

/// <summary>Implements <see cref="ISecretStore"/> with Dapr's client.</summary>
internal sealed class DaprSecretStore(DaprClient client, SidecarCalls calls) : ISecretStore
{
    public string NameOf(string store) => calls.Options.NameOf(store);

    public Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default)
    {
        SidecarNames.Check(store, nameof(store));
        ArgumentException.ThrowIfNullOrEmpty(key);
        store = calls.Options.NameOf(store);
        return calls.RunAsync("secret", store, calls.Options.SecretTimeout, async deadline =>
        {
            GrpcAnswer<Dictionary<string, string>> answer =
                await GrpcAnswer.OfAsync(deadline, token => client.GetSecretAsync(store, key, cancellationToken: token))
                .ConfigureAwait(false);
            return answer switch
            {
                { IsSuccess: true } => Read(answer.Value!, key),
                { IsRefused: true } => new SecretResult(SecretOutcome.Refused, null, answer.ErrorCode),
                { Status: StatusCode.Internal or StatusCode.Unknown } => new SecretResult(SecretOutcome.Failed, null, answer.ErrorCode),
                _ => new SecretResult(SecretOutcome.Unavailable, null, answer.ErrorCode),
            };
        }, result => (result.Outcome.ToString(), result.Outcome != SecretOutcome.Unavailable), cancellation);
    }

    // The store of environment variables answers with success and an empty value if a secret is missing.
    private static SecretResult Read(Dictionary<string, string> values, string key)
        => values.TryGetValue(key, out string? value) && !string.IsNullOrEmpty(value)
            ? new SecretResult(SecretOutcome.Found, value, null)
            : new SecretResult(SecretOutcome.Missing, null, "EMPTY_SECRET");
}
