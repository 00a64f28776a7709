using System.Text.Json;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>What an ephemeral key grants. Every region can check a key without a store, so the key contains all of it.</summary>
/// <param name="Id">Names the key in records and logs. It is not a secret.</param>
/// <param name="Region">The region that issued the key.</param>
/// <param name="Agent">The only agent that sessions made with the key reach. Null: any agent.</param>
/// <param name="MaximumSessionSeconds">The longest duration of a session made with the key.</param>
/// <param name="Session">The Realtime session object that the key's sessions start from.</param>
internal sealed record EphemeralKey(
    string Id, string Region, string? Agent, int MaximumSessionSeconds, JsonElement? Session, DateTimeOffset ExpiresAt)
{
    public const int MinimumSeconds = 10, MaximumSeconds = 7200, DefaultSeconds = 600;

    /// <summary>The key goes into a header of at most 32 KiB, and its encoding makes it a third longer.</summary>
    public const int MaximumSessionBytes = 8 * 1024;
}
