namespace Dapr.Voice.Contracts;

/// <summary>
/// Dapr app ids. Each transceiver shard has its own app id, so that an invocation reaches the owner of a session (docs/dapr.md).
/// </summary>
public static class AppIds
{
    public const string Signaling = "signaling";
    public const string Relay = "relay";

    /// <summary>The app id of shard 0 is <c>transceiver-00</c>.</summary>
    public static string Transceiver(int shard) => $"transceiver-{shard:00}";
}

/// <summary>Names of Dapr components, equal to those in <c>components/</c>.</summary>
public static class ComponentNames
{
    public const string Sessions = "sessions";
    public const string Checkpoints = "checkpoints";
    public const string Lifecycle = "lifecycle";
    public const string Secrets = "secrets";
}

/// <summary>Topics of the component <see cref="ComponentNames.Lifecycle"/>.</summary>
public static class Topics
{
    public const string Sessions = "voice-sessions";
    public const string Fleet = "voice-fleet";

    /// <summary>The topic for events that a subscriber rejected permanently.</summary>
    public const string DeadLetter = "voice-dead-letter";
}

/// <summary>
/// Names in the secret store. They have letters, digits and hyphens only, because Key Vault accepts no other characters. Each value is a
/// string. A key ring is <c>id:base64,id:base64</c>: the newest key first, ids from 0 to 15, at least 32 bytes a key.
/// </summary>
public static class SecretNames
{
    /// <summary>The key ring for routing hints (docs/design.md 4.1).</summary>
    public const string HintKeys = "voice-hint-keys";

    /// <summary>The key ring for derived ICE passwords (docs/design.md 4.2). It has the same ids as <see cref="HintKeys"/>.</summary>
    public const string PasswordKeys = "voice-password-keys";

    /// <summary>One key of 32 bytes in base64. Relays and transceivers use it to authenticate each other (docs/design.md 4.3).</summary>
    public const string LinkKey = "voice-link-key";

    /// <summary>The key ring that signs ephemeral keys.</summary>
    public const string TokenKeys = "voice-token-keys";

    /// <summary>The API keys of app servers, separated by commas.</summary>
    public const string ApiKeys = "voice-api-keys";

    /// <summary>
    /// The token that the platform's scaler sends to <c>/scale/shards</c>. Signaling gets it as a setting and not from the sidecar, as the
    /// scaler does.
    /// </summary>
    public const string ScaleToken = "voice-scale-token";

    /// <summary>The fleet's self-signed ECDSA P-256 certificate followed by its PKCS#8 private key, both in PEM.</summary>
    public const string DtlsCertificate = "voice-dtls-certificate";
}

/// <summary>
/// Keys in the state stores (docs/design.md 4.4). They have letters, digits, '.', '-' and '_' only, because Table Storage accepts no
/// others.
/// </summary>
public static class StateKeys
{
    public static string Transceiver(string region, int shard) => $"transceiver.{region}.{shard:00}";
    public static string Slot(string region, int slot) => $"slot.{region}.{slot}";
    public static string Session(string callId) => $"session.{callId}";
    public static string Checkpoint(string callId) => $"checkpoint.{callId}";

    /// <param name="period">See <see cref="Contracts.CallPage.PeriodOf"/>.</param>
    /// <param name="page">0 to <see cref="Contracts.CallPage.PagesOfAPeriod"/> - 1.</param>
    public static string CallPage(string region, long period, int page) => $"calls.{region}.{period}.{page}";
}
