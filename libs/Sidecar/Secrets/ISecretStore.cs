namespace Dapr.Voice.Sidecar;

/// <summary>The result of reading a secret.</summary>
public enum SecretOutcome
{
    Found,
    /// <summary>The store answered with an empty value, or with success but without the key.</summary>
    Missing,
    /// <summary>
    /// The store answered with an error. With a file store the secret is missing. Key Vault answers so when it is down, too.
    /// </summary>
    Failed,
    /// <summary>There is no sidecar, or the deadline passed.</summary>
    Unavailable,
    /// <summary>The store is unknown, the secret is out of scope, or the token was rejected.</summary>
    Refused,
}

/// <param name="Value">Not null exactly if <paramref name="Outcome"/> is <see cref="SecretOutcome.Found"/>. Never log it.</param>
/// <param name="ErrorCode">Dapr's error code, or a replacement if there is none. It is safe to log. Null on success.</param>
public readonly record struct SecretResult(SecretOutcome Outcome, string? Value, string? ErrorCode)
{
    /// <summary>Omits the value. The default text of a record would put the secret into a log.</summary>
    public override string ToString() => $"{Outcome} {ErrorCode}";
}

/// <summary>Dapr's secrets API.</summary>
public interface ISecretStore
{
    /// <summary>The name of the component that this app has for a store, for messages to an operator.</summary>
    string NameOf(string store) => store;

    Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default);
}
