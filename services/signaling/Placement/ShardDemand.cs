using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.Hosting;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Signaling.Placement;

/// <summary>
/// How many shards the region's sessions need. <c>GET /scale/shards</c> returns it, and the scale rule of standby shards asks for it
/// (infra/bicep).
/// </summary>
/// <param name="Wanted">Shards 0 to <c>Wanted - 1</c> should be awake.</param>
internal sealed record ShardDemand(int Wanted)
{
    /// <summary>
    /// Another shard is wanted when the awake shards are this full. A shard needs up to a minute to wake, and calls arrive meanwhile.
    /// </summary>
    private const double TargetLoad = 0.8;

    /// <summary>
    /// The demand is computed from sessions and not from free room. Free room grows when a shard wakes, so the shard would sleep again. An
    /// owner that takes no sessions, for whatever reason, counts as full. A shard with calls is wanted, because sleeping would end them.
    /// </summary>
    public static ShardDemand Of(FleetSnapshot fleet)
    {
        double sessions = 0, capacity = 0;
        int withCalls = 0;
        foreach (OwnerLoad owner in fleet.Owners)
        {
            capacity += owner.Record.Capacity;
            sessions += owner.HasRoom ? owner.Record.Sessions + owner.Placed : owner.Record.Capacity;
            if (owner.Record.Sessions + owner.Placed > 0) withCalls = Math.Max(withCalls, owner.Record.Shard + 1);
        }
        if (capacity == 0) return new(0);
        double capacityOfOne = capacity / fleet.Owners.Count;
        return new(Math.Max(withCalls, (int)Math.Ceiling(sessions / (capacityOfOne * TargetLoad))));
    }
}

internal static class ShardDemandEndpoint
{
    private const string Scheme = "Bearer ";

    /// <summary>
    /// Maps <c>GET /scale/shards</c>. It tells how busy a region is, so it is for the fleet: for callers with the app's API token, and for
    /// the platform's scaler, which comes by no sidecar and has <see cref="SignalingOptions.ScaleToken"/>.
    /// </summary>
    public static void MapShardDemand(this IEndpointRouteBuilder endpoints)
        => endpoints.MapGet("/scale/shards", IResult (HttpContext context, FleetDirectory fleet, SignalingOptions options)
            => !AppApiToken.IsAllowed(context) && !HasScaleToken(context.Request, options)
            ? ApiError.Unauthenticated("unauthenticated", "This path requires a token.")
            : fleet.Current is { } snapshot ? Results.Json(ShardDemand.Of(snapshot), PlacementJson.Default.ShardDemand)
            : ApiError.Unavailable("The fleet records cannot be read."));

    private static bool HasScaleToken(HttpRequest request, SignalingOptions options)
        => options.ScaleToken is { Length: > 0 } token && request.Headers.Authorization is [{ } sent]
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), Encoding.UTF8.GetBytes(Scheme + token));
}
