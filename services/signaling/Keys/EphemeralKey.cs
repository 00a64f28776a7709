using System.Text.Json;

namespace Dapr.Voice.Signaling.Keys;

/// <summary>What an ephemeral key grants. It is checkable in every region without a store, so all of it travels in the key.</summary>
/// <param name="Id">Names the key in records and logs; not a secret.</param>
/// <param name="Region">Region that issued it.</param>
/// <param name="Agent">Sessions made with it reach this agent and no other; null: any.</param>
/// <param name="MaximumSessionSeconds">The longest a session made with it may last.</param>
/// <param name="Session">The Realtime session object its sessions start from.</param>
internal sealed record EphemeralKey(
    string Id, string Region, string? Agent, int MaximumSessionSeconds, JsonElement? Session, DateTimeOffset ExpiresAt)
{
    public const int MinimumSeconds = 10, MaximumSeconds = 7200, DefaultSeconds = 600;

    /// <summary>The key goes into a header of at most 32 KiB, and grows by a third on the way.</summary>
    public const int MaximumSessionBytes = 8 * 1024;
}
