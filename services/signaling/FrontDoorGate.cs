using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling;

/// <summary>
/// Lets in only what comes by our own Front Door profile, known by <c>X-Azure-FDID</c>, which Front Door sets and no caller behind it can
/// change (docs/decisions/0010). Not asked of the platform's probes and scale rules, nor of the sidecar, which comes from inside and has
/// its token.
/// </summary>
internal static class FrontDoorGate
{
    private const string Header = "X-Azure-FDID";

    private static readonly string[] ExemptPaths = [.. HealthEndpoints.Paths, "/scale", "/internal", "/dapr"];

    public static void UseFrontDoorGate(this IApplicationBuilder app)
    {
        SignalingOptions options = app.ApplicationServices.GetRequiredService<SignalingOptions>();
        if (string.IsNullOrEmpty(options.FrontDoorId)) return;
        app.Use(async (context, next) =>
        {
            bool isExempt = ExemptPaths.Any(path => context.Request.Path.StartsWithSegments(path));
            if (isExempt || string.Equals(context.Request.Headers[Header], options.FrontDoorId, StringComparison.OrdinalIgnoreCase))
            {
                await next(context);
                return;
            }
            await ApiError.Forbidden("front_door_only", "This address answers only through its public front door. Use the address you "
                + "were given for the service.").ExecuteAsync(context);
        });
    }
}
