using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>What all services of a region must agree on, what must differ between regions, and where callers are sent.</summary>
internal static class FleetRules
{
    private static readonly string[] SameInARegion = ["Fleet__Region", "Fleet__RegionNumber", "Fleet__SlotCount", "Fleet__MaximumShards"];

    public static void Check(CheckContext context, IReadOnlyList<ContainerApp> apps)
    {
        var numbers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (IGrouping<string, ContainerApp> region in apps.Where(a => AppNames.ServiceOf(a.Name) is not null)
            .GroupBy(a => a.Resource.Scope, StringComparer.Ordinal))
        {
            var settings = region.ToList();
            foreach (string name in SameInARegion)
            {
                ContainerApp.Setting? first = settings.Select(a => a.Find(name)).FirstOrDefault(s => s?.Value is not null);
                foreach (ContainerApp.Setting? other in settings.Select(a => a.Find(name))
                    .Where(s => s?.Value is not null && !s.Value.SameAs(first!.Value!)))
                    context.Add(other!.Where, RuleIds.FleetAgreement, $"'{name}' differs between the services of '{region.Key}'.");
            }
            if (settings[0].Text("Fleet__RegionNumber") is { } number && !numbers.TryAdd(number, region.Key))
                context.Add(settings[0].Find("Fleet__RegionNumber")!.Where, RuleIds.FleetAgreement,
                    $"Region number {number} is '{numbers[number]}' already: routing hints could not tell them apart.");
            CheckIngresses(context, settings);
        }
        CheckVirtualRelays(context, apps);
    }

    /// <summary>Answers have to name an address at which a relay listens.</summary>
    private static void CheckIngresses(CheckContext context, IReadOnlyList<ContainerApp> apps)
    {
        ContainerApp? signaling = apps.FirstOrDefault(a => a.Name == AppIds.Signaling);
        ContainerApp? relay = apps.FirstOrDefault(a => a.Name == AppIds.Relay && a.Ports.Count > 0);
        if (signaling is null) return;
        var ingresses = signaling.Settings.Where(s => s.Name.StartsWith("Signaling__Ingresses__", StringComparison.Ordinal)).ToList();
        string[] texts = [.. ingresses.Select(i => i.Value?.ToString().Trim('"') ?? "")];
        for (int i = 0; i < ingresses.Count; i++)
        {
            string text = (ingresses[i].Value as BicepRuntime)?.Parts.LastOrDefault().Text() ?? ingresses[i].Value.Text() ?? "";
            string start = (ingresses[i].Value as BicepRuntime)?.Parts.FirstOrDefault().Text() ?? ingresses[i].Value.Text() ?? "";
            long? wanted = relay?.Ports[0].Exposed ?? 3478;
            if (ContainerApp.PortOf(text) is { } port && port != wanted)
                context.Add(ingresses[i].Where, RuleIds.FleetAgreement, $"Answers name port {port}, clients come in on {wanted}.");
            if (relay is not null && start.StartsWith("udp://", StringComparison.Ordinal))
                context.Add(ingresses[i].Where, RuleIds.FleetAgreement, "Container Apps has no UDP ingress.");
        }
        if (!context.IsComplete) return;
        int perRegion = context.Scenario.HasUdpEdge ? 2 : 1;
        int expected = perRegion * Math.Min(2, context.Scenario.Regions)
            + (context.Of("Microsoft.Network/loadBalancers").Any(b => b.Body.At("sku.tier").Text() == "Global") ? 1 : 0);
        if (ingresses.Count != expected || texts.Distinct(StringComparer.Ordinal).Count() != texts.Length)
            context.Add((signaling.Container?["env"]).Or(signaling.Where), RuleIds.FleetAgreement,
                $"Answers have {ingresses.Count} addresses of relays, {expected} different ones are expected: the region's, its buddy's, "
                + $"the common one.");
        int udp = ingresses.Count(
            i => ((i.Value as BicepRuntime)?.Parts.FirstOrDefault().Text() ?? i.Value.Text() ?? "").StartsWith("udp://",
            StringComparison.Ordinal));
        if (context.Scenario.HasUdpEdge && udp < Math.Min(2, context.Scenario.Regions))
            context.Add((signaling.Container?["env"]).Or(signaling.Where), RuleIds.FleetAgreement,
                "With relays on virtual machines, answers name UDP first.");
    }

    /// <summary>
    /// Relays on virtual machines get their settings as lines of user data, which must agree with the settings of the apps.
    /// </summary>
    private static void CheckVirtualRelays(CheckContext context, IReadOnlyList<ContainerApp> apps)
    {
        foreach (ResolvedResource machines in context.Of("Microsoft.Compute/virtualMachineScaleSets"))
        {
            BicepValue? data = machines.Body.At("properties.virtualMachineProfile.userData");
            var lines = Lines(data).ToList();
            if (lines.Count == 0) continue;
            ContainerApp? same = apps.FirstOrDefault(
                a => a.Resource.Scope == machines.Scope && a.Name == AppIds.Signaling);
            foreach (string name in SameInARegion)
            {
                if (same?.Text(name) is { } wanted && !lines.Contains($"{name}={wanted}"))
                    context.Add(data.Or(machines.Where), RuleIds.FleetAgreement,
                        $"'{name}' of the relays is not what the apps of the region have.");
            }
            foreach (string wanted in VirtualRelayManifest.Lines.Where(w => !lines.Any(l => l.StartsWith(w, StringComparison.Ordinal))))
                context.Add(data.Or(machines.Where), RuleIds.MissingSetting, $"The relays' user data lacks '{wanted}'.");
            foreach ((string name, string? resource, string? property) in VirtualRelayManifest.Sources)
            {
                if (lines.FirstOrDefault(l => l.StartsWith(name + "=", StringComparison.Ordinal)) is { } line
                    && !(line.Contains(resource, StringComparison.Ordinal) && line.EndsWith(property, StringComparison.Ordinal)))
                    context.Add(data.Or(machines.Where), RuleIds.FleetAgreement,
                        $"'{name}' is '{property}' of '{resource}', not '{line}'.");
            }
            List<string> carried = (machines.Body.At("identity.userAssignedIdentities") as BicepObject)?.Properties.Select(
                p => p.Name[(p.Name.LastIndexOf('/') + 1)..]).Order(StringComparer.Ordinal).ToList() ?? [];
            if (context.IsComplete && !carried.SequenceEqual(["id-voice-pull", "id-voice-relay"]))
                context.Add((machines.Body["identity"]).Or(machines.Where), RuleIds.AcaIdentity,
                    "A relay carries its own identity and the registry's, and no other.");
            foreach (string line in lines)
            {
                int equals = line.IndexOf('=', StringComparison.Ordinal);
                string name = equals > 0 ? line[..equals] : line;
                if (context.Settings?.IsKnown(name) == false && !VirtualRelayManifest.IsOfTheMachine(name))
                    context.Add(data.Or(machines.Where), RuleIds.UnknownSetting, $"No service and no part of cloud-init reads '{name}'.");
            }
        }
    }

    private static IEnumerable<string> Pieces(BicepValue value) => value switch
    {
        BicepString s => [s.Value],
        BicepRuntime { Parts.Count: > 0 } r => r.Parts.SelectMany(Pieces),
        BicepRuntime { References: [var only] } when only.Path.Contains('.', StringComparison.Ordinal)
            && only.Resource.Contains('/', StringComparison.Ordinal) =>
            [$"{string.Join('/', only.Resource.Split('/')[^2..])}{only.Path[only.Path.LastIndexOf('.')..]}"],
        _ => ["…"],
    };

    /// <summary>
    /// Returns the lines of user data as far as they are known. A line that ends with an unknown value ends with <c>…</c>.
    /// </summary>
    private static IEnumerable<string> Lines(BicepValue? data)
    {
        if (data is BicepString { Value: var encoded })
        {
            byte[] bytes = new byte[encoded.Length];
            if (Convert.TryFromBase64String(encoded, bytes, out int length))
                return System.Text.Encoding.UTF8.GetString(bytes, 0, length).Split('\n');
        }
        // A value that only the deployment knows ends its line.
        return data is BicepRuntime ? string.Concat(Pieces(data)).Split('\n') : [];
    }
}
