using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Rules for Front Door: each region's signaling has one origin, which is reached over HTTPS only and is asked whether it is ready. No
/// route leads to the paths of the fleet itself. Signaling accepts requests from Front Door only.
/// </summary>
internal static class FrontDoorRules
{
    private const string ProfileType = "Microsoft.Cdn/profiles", OriginType = "Microsoft.Cdn/profiles/originGroups/origins",
        RouteType = "Microsoft.Cdn/profiles/afdEndpoints/routes", GroupType = "Microsoft.Cdn/profiles/originGroups";

    /// <summary>Paths of signaling that nobody outside of the environment asks for.</summary>
    private static readonly string[] OwnPaths = ["/internal/v1/sessions", "/scale/shards", "/dapr/subscribe"];

    /// <summary>Returns true if a pattern of a route matches a path. A pattern may end with <c>*</c>, and case does not count.</summary>
    public static bool Matches(string pattern, string path)
        => pattern.EndsWith('*') ? path.StartsWith(pattern[..^1], StringComparison.OrdinalIgnoreCase)
        : path.Equals(pattern, StringComparison.OrdinalIgnoreCase);

    public static void Check(CheckContext context, IReadOnlyList<ContainerApp> apps)
    {
        foreach (ResolvedResource origin in context.Of(OriginType))
        {
            BicepValue? body = origin.Body.At("properties");
            if (body.At("enforceCertificateNameCheck").Flag() == false)
                context.Add(body.At("enforceCertificateNameCheck")!.Where, RuleIds.FrontDoorHttps,
                    "Any certificate would do for the origin.");
            if (body.At("hostName")?.ToString() != body.At("originHostHeader")?.ToString())
                context.Add((body.At("originHostHeader")).Or(origin.Where), RuleIds.FrontDoorOrigin,
                    "Container Apps finds the app by the Host header: originHostHeader is the host's name.");
            string host = body.At("hostName").Text() ?? (body.At("hostName") as BicepRuntime)?.Parts.FirstOrDefault().Text() ?? "";
            if (host.Length > 0 && !host.StartsWith(AppIds.Signaling + ".", StringComparison.Ordinal))
                context.Add(body.At("hostName")!.Where, RuleIds.FrontDoorOrigin,
                    "Clients talk to signaling: the origin is the host of that app.");
        }
        foreach (ResolvedResource route in context.Of(RouteType))
        {
            BicepValue? body = route.Body.At("properties");
            if (body.At("forwardingProtocol").Text() is not "HttpsOnly")
                context.Add((body.At("forwardingProtocol")).Or(route.Where), RuleIds.FrontDoorHttps, "To the origin by HTTPS only.");
            if (body.At("httpsRedirect").Text() is not "Enabled")
                context.Add((body.At("httpsRedirect")).Or(route.Where), RuleIds.FrontDoorHttps, "Whoever comes by HTTP is sent to HTTPS.");
            string[] patterns = [.. body.At("patternsToMatch").Items().Select(pattern => pattern.Text() ?? "")];
            string[] routed = [.. OwnPaths.Where(path => patterns.Any(pattern => Matches(pattern, path)))];
            if (routed.Length > 0)
                context.Add(body.At("patternsToMatch").Or(route.Where), RuleIds.FrontDoorRoute,
                    $"{string.Join(", ", routed)} are for the fleet itself. Name the paths that callers and the page ask for.");
        }
        foreach (ResolvedResource group in context.Of(GroupType))
        {
            BicepValue? probe = group.Body.At("properties.healthProbeSettings");
            if (probe.At("probePath").Text() is not "/readyz")
                context.Add((probe.At("probePath")).Or(group.Where), RuleIds.FrontDoorProbe,
                    "A region that can't take calls is to be left alone: /readyz.");
            if (probe.At("probeProtocol").Text() is "Http")
                context.Add(probe.At("probeProtocol")!.Where, RuleIds.FrontDoorHttps,
                    "The ingress sends HTTP to HTTPS, which the probe takes for a failure.");
        }
        if (!context.IsComplete || !context.Of(ProfileType).Any()) return;
        int origins = context.Of(OriginType).Count();
        if (origins != context.Scenario.Regions)
            context.AddToFile(context.MainPath, RuleIds.FrontDoorOrigin, $"{context.Scenario.Regions} regions and {origins} origins.");
        ResolvedResource profile = context.Of(ProfileType).First();
        foreach (ContainerApp? app in apps.Where(a => a.Name == AppIds.Signaling))
        {
            if (app.Find("Signaling__FrontDoorId")?.Value.IsRead(profile, "properties.frontDoorId") != true)
                context.Add((app.Container?["env"]).Or(app.Where), RuleIds.MissingSetting,
                    "'Signaling__FrontDoorId' is the profile's id, or anybody gets past Front Door.");
            if (app.Text("Signaling__TrustedProxies") != "2")
                context.Add((app.Find("Signaling__TrustedProxies")?.Where) ?? app.Where, RuleIds.FleetAgreement,
                    "Two proxies append to X-Forwarded-For: Front Door and the environment's.");
        }
    }
}
