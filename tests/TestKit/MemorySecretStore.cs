using Dapr.Voice.Sidecar;

namespace Dapr.Voice.TestKit;

/// <summary>A secret store with the secrets that a test gives it.</summary>
public sealed class MemorySecretStore(IReadOnlyDictionary<string, string> secrets) : ISecretStore
{
    public Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default)
        => Task.FromResult(secrets.TryGetValue(key, out string? value) ? new SecretResult(SecretOutcome.Found, value, null)
        : new SecretResult(SecretOutcome.Failed, null, "MISSING"));
}
