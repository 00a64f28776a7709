using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Relay;

/// <summary>What operators ask of a relay, by Dapr invocation. The app token is checked before any of it.</summary>
internal static class InternalEndpoints
{
    public static void MapRelayStats(this IEndpointRouteBuilder endpoints)
        => endpoints.MapGet("/internal/v1/stats", async (RelayService relay) =>
        Results.Json(await relay.GetStatsAsync(), RelayJson.Default.RelayStats)).RequireAppApiToken();
}
