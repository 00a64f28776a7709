namespace Dapr.Voice.Sidecar;

/// <summary>How a question for a secret ended.</summary>
public enum SecretOutcome
{
    Found,
    /// <summary>The store answered with an empty value, or with success and without the key.</summary>
    Missing,
    /// <summary>The store said no. For a file that means "not there"; Key Vault says the same when it is away.</summary>
    Failed,
    /// <summary>No sidecar, or the deadline passed.</summary>
    Unavailable,
    /// <summary>Unknown store, secret out of scope, refused token.</summary>
    Refused,
}

/// <param name="Value">Set exactly if <paramref name="Outcome"/> is <see cref="SecretOutcome.Found"/>. Never log it.</param>
/// <param name="ErrorCode">Dapr's error code, or a word for its absence; safe to log. Null on success.</param>
public readonly record struct SecretResult(SecretOutcome Outcome, string? Value, string? ErrorCode)
{
    /// <summary>Without the value: a record's own text would put the secret into a log.</summary>
    public override string ToString() => $"{Outcome} {ErrorCode}";
}

/// <summary>Dapr's secrets API.</summary>
public interface ISecretStore
{
    Task<SecretResult> GetAsync(string store, string key, CancellationToken cancellation = default);
}
