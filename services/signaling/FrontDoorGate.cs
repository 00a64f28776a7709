using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling.Http;

namespace Dapr.Voice.Signaling;

/// <summary>
/// Rejects requests that did not come through the Front Door profile of this deployment. Front Door sets the header <c>X-Azure-FDID</c>,
/// and no caller behind it can change that header (docs/decisions/0010). The platform's probes, the scale rules and the sidecar do not need
/// it. The sidecar comes from inside and has its own token.
/// </summary>
internal static class FrontDoorGate
{
    private const string Header = "X-Azure-FDID";

    public static void UseFrontDoorGate(this IApplicationBuilder app)
    {
        SignalingOptions options = app.ApplicationServices.GetRequiredService<SignalingOptions>();
        if (string.IsNullOrEmpty(options.FrontDoorId)) return;
        app.Use(async (context, next) =>
        {
            if (!PublicApi.Includes(context)
                || string.Equals(context.Request.Headers[Header], options.FrontDoorId, StringComparison.OrdinalIgnoreCase))
            {
                await next(context);
                return;
            }
            await ApiError.Forbidden("front_door_only", "This address answers only through its public front door. Use the address you "
                + "were given for the service.").ExecuteAsync(context);
        });
    }
}
