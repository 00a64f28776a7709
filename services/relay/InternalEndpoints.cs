using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Relay;

/// <summary>
/// The endpoints that operators call on a relay through Dapr invocation. The app token is checked before any of them runs.
/// </summary>
internal static class InternalEndpoints
{
    public static void MapRelayStats(this IEndpointRouteBuilder endpoints)
        => endpoints.MapGet("/internal/v1/stats", async (RelayService relay) =>
        Results.Json(await relay.GetStatsAsync(), RelayJson.Default.RelayStats)).RequireAppApiToken();
}
