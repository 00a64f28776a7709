namespace Dapr.Voice.Contracts;

/// <summary>
/// Dapr app ids. A transceiver shard has an app id of its own, so that an invocation reaches the owner (docs/dapr.md).
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

    /// <summary>Where an event goes that a subscriber refused for good.</summary>
    public const string DeadLetter = "voice-dead-letter";
}

/// <summary>
/// Names in the secret store: letters, digits and hyphens, so that Key Vault takes them too. Values are flat strings.
/// Key rings are <c>id:base64,id:base64</c>, newest first, id 0 to 15, at least 32 bytes each.
/// </summary>
public static class SecretNames
{
    /// <summary>Key ring for routing hints (docs/design.md 4.1).</summary>
    public const string HintKeys = "voice-hint-keys";

    /// <summary>Key ring for derived ICE passwords (docs/design.md 4.2); same ids as <see cref="HintKeys"/>.</summary>
    public const string PasswordKeys = "voice-password-keys";

    /// <summary>One base64 key of 32 bytes: relays and transceivers prove themselves to each other with it (docs/design.md 4.3).</summary>
    public const string LinkKey = "voice-link-key";

    /// <summary>Key ring for signed ephemeral keys.</summary>
    public const string TokenKeys = "voice-token-keys";

    /// <summary>API keys of app servers, separated by commas.</summary>
    public const string ApiKeys = "voice-api-keys";

    /// <summary>PEM: the fleet's self-signed ECDSA P-256 certificate followed by its PKCS#8 private key.</summary>
    public const string DtlsCertificate = "voice-dtls-certificate";
}

/// <summary>Keys in the state stores (docs/design.md 4.4): letters, digits, '.', '-', '_' only, since Table Storage takes no
/// others.</summary>
public static class StateKeys
{
    public static string Transceiver(string region, int shard) => $"transceiver.{region}.{shard:00}";
    public static string Slot(string region, int slot) => $"slot.{region}.{slot}";
    public static string Session(string callId) => $"session.{callId}";
    public static string Checkpoint(string callId) => $"checkpoint.{callId}";
}
