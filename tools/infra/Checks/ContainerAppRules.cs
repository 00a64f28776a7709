using System.Globalization;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Rules for container apps. They find what Container Apps itself refuses or handles wrongly without a message (sizes, ports, probes), and
/// they check that an app, its image and its settings use the same ports, paths and names.
/// </summary>
internal static class ContainerAppRules
{
    private const string AppType = "Microsoft.App/containerApps";

    /// <summary>The number of ports that an app's ingress can open in addition to the main one.</summary>
    private const int MaximumMappings = 5;

    // The paths of MapHealth in libs/Hosting. They say whether the process serves and whether it takes new work.
    private static readonly string[] HealthPaths = ["/startupz", "/healthz", "/readyz"];

    public static IReadOnlyList<ContainerApp> Apps(CheckContext context) => [.. context.Of(AppType).Select(r => new ContainerApp(r))];

    public static void Check(CheckContext context, IReadOnlyDictionary<string, Dockerfile> images)
    {
        IReadOnlyList<ContainerApp> apps = Apps(context);
        CheckExposedPorts(context, apps);
        foreach (ContainerApp app in apps)
        {
            CheckSize(context, app);
            CheckSettings(context, app);
            CheckIngress(context, app, images.GetValueOrDefault(app.Service ?? ""));
            CheckSidecar(context, app);
            CheckProbes(context, app);
            CheckScale(context, app);
            CheckRegistry(context, app);
            CheckPeers(context, app, apps);
            if (app.IsShard) CheckShard(context, app);
        }
    }

    private static void CheckExposedPorts(CheckContext context, IReadOnlyList<ContainerApp> apps)
    {
        foreach (IGrouping<string, ContainerApp> environment in apps.GroupBy(a => a.Environment?.ToString() ?? "", StringComparer.Ordinal))
        {
            var taken = new Dictionary<long, string>();
            foreach ((ContainerApp? app, ContainerApp.Port? port) in environment.Where(a => a.Transport == "tcp")
                .SelectMany(a => a.Ports.Select(p => (a, p))))
            {
                if (port.Exposed is not { } exposed) continue;
                if (!taken.TryAdd(exposed, app.Name))
                    context.Add(port.Where, RuleIds.AcaExposedPortTwice,
                        $"Port {exposed} of the environment is taken by '{taken[exposed]}' already.");
                if (exposed is < 1 or > 65535 or 80 or 443)
                    context.Add(port.Where, RuleIds.AcaExposedPort, $"Port {exposed} can't be exposed: 1 to 65535 without 80 and 443.");
            }
        }
    }

    private static void CheckIngress(CheckContext context, ContainerApp app, Dockerfile? image)
    {
        if (app.Ingress is null)
        {
            if (app.Service is not null) context.Add(app.Where, RuleIds.AcaIngress, $"'{app.Name}' has no ingress, so nobody reaches it.");
            return;
        }
        if (app.Transport is not ("auto" or "http" or "http2" or "tcp")) return;
        bool isTcp = app.Transport == "tcp";
        foreach (ContainerApp.Port port in app.Ports)
        {
            if (isTcp && port.Exposed is null) context.Add(port.Where, RuleIds.AcaExposedPort, "TCP ingress needs an exposed port.");
            if (!isTcp && port.Exposed is not null)
                context.Add(port.Where, RuleIds.AcaExposedPort, "Only TCP ingress has an exposed port.");
            if (port.Target is null) context.Add(port.Where, RuleIds.AcaIngress, "The ingress needs a target port.");
        }
        if (app.Ports.Count - 1 > MaximumMappings)
            context.Add(app.Ports[^1].Where, RuleIds.AcaExposedPort, $"An app has at most {MaximumMappings} ports besides its first.");
        bool isPublic = app.Name is "signaling" or "relay";
        bool isExternal = app.Ingress["external"].Flag() == true;
        if (isPublic && !isExternal)
            context.Add((app.Ingress["external"]).Or(app.Ingress.Where), RuleIds.AcaIngress,
                $"Clients come to '{app.Name}': its ingress is external.");
        if (app.Name == "local-agent" && isExternal)
            context.Add(app.Ingress["external"]!.Where, RuleIds.AcaIngress, "The agent has no login: its ingress is internal.");
        if (isExternal && app.Ingress["allowInsecure"].Flag() == true)
            context.Add(app.Ingress["allowInsecure"]!.Where, RuleIds.AcaIngress, "Plain HTTP from outside is let in.");
        long? target = app.Ports[0].Target;
        string? listens = app.Service switch { "relay" => app.Text("Relay__PublicTcpEndpoint"),
        "transceiver" => app.Text("Transceiver__LinkEndpoint"), _ => null };
        int? own = listens is null ? app.HttpPort : ContainerApp.PortOf(listens);
        if (app.Service is not null && target is not null && own is not null && own != target)
            context.Add(app.Ports[0].Where, RuleIds.AcaPortMismatch, $"The ingress leads to port {target}, '{app.Name}' listens on {own}.");
        if (image is not null && target is not null && !image.Ports.Any(p => p.Port == target && !p.IsUdp))
            context.Add(app.Ports[0].Where, RuleIds.AcaTargetPort, $"'{image.Path}' does not EXPOSE {target}/tcp.");
        if (image is not null && app.HttpPort is { } http && http != target && !image.Ports.Any(p => p.Port == http && !p.IsUdp))
            context.Add(app.Where, RuleIds.AcaTargetPort, $"'{image.Path}' does not EXPOSE {http}/tcp, where '{app.Name}' answers.");
    }

    private static void CheckSidecar(CheckContext context, ContainerApp app)
    {
        if (AppNames.ServiceOf(app.Name) is null)
        {
            if (app.Dapr?["appId"].Text() is { } unknown && !AppNames.IsOurs(unknown))
                context.Add(app.Dapr["appId"]!.Where, RuleIds.DaprUnknownApp, $"No app has the id '{unknown}'.");
            return;
        }
        if (app.Dapr is null || app.Dapr["enabled"].Flag() != true)
        {
            context.Add((app.Dapr?["enabled"]).Or(app.Where), RuleIds.AcaDapr, $"'{app.Name}' needs a sidecar.");
            return;
        }
        // Container Apps gives an app the host name of its resource, and the code calls it by its app id.
        if (app.Dapr["appId"].Text() != app.Name)
            context.Add((app.Dapr["appId"]).Or(app.Dapr.Where), RuleIds.AcaDapr, $"The app id of '{app.Name}' is its name.");
        if (app.Dapr["appPort"].Number() != app.HttpPort)
            context.Add((app.Dapr["appPort"]).Or(app.Dapr.Where), RuleIds.AcaPortMismatch,
                $"The sidecar calls port {app.Dapr["appPort"].Number()?.ToString(CultureInfo.InvariantCulture) ?? "?"}, "
                + $"'{app.Name}' answers on {app.HttpPort?.ToString(CultureInfo.InvariantCulture) ?? "?"}.");
        if (app.Dapr["appProtocol"].Text() is not (null or "http"))
            context.Add(app.Dapr["appProtocol"]!.Where, RuleIds.AcaDapr, "Our services speak http to the sidecar.");
    }

    private static void CheckProbes(CheckContext context, ContainerApp app)
    {
        var probes = (app.Container?["probes"]).Objects().ToList();
        if (app.Service is not null)
        {
            foreach (string kind in new[] { "Startup", "Liveness", "Readiness" })
            {
                if (probes.Count(p => p["type"].Text() == kind) != 1)
                    context.Add((app.Container?["probes"]).Or(app.Container?.Where ?? app.Where), RuleIds.AcaProbe,
                        $"'{app.Name}' needs one {kind} probe.");
            }
        }
        foreach (BicepObject? probe in probes)
        {
            Place where = probe.Where;
            if (probe["httpGet"] is BicepObject get)
            {
                if (get["path"].Text() is { } path && !HealthPaths.Contains(path))
                    context.Add(get["path"]!.Where, RuleIds.AcaProbe,
                        $"No service maps '{path}'; there are {string.Join(" and ", HealthPaths)}.");
                if (get["path"] is null) context.Add(get.Where, RuleIds.AcaProbe, "Without a path the probe asks '/'.");
                if (app.HttpPort is { } http && get["port"].Number() is { } port && port != http)
                    context.Add(get["port"]!.Where, RuleIds.AcaPortMismatch,
                        $"The probe asks port {port}, '{app.Name}' answers on {http}.");
                // A liveness probe that fails when the store is down would restart every replica at once.
                if (probe["type"].Text() is "Liveness" or "Startup" && get["path"].Text() == "/readyz")
                    context.Add(get["path"]!.Where, RuleIds.AcaProbe, "Not ready is no reason to kill a process: /healthz.");
            }
            else if (probe["tcpSocket"] is null)
            {
                context.Add(where, RuleIds.AcaProbe, "A probe asks by httpGet or by tcpSocket.");
            }
            Range(probe, "initialDelaySeconds", 0, 60);
            Range(probe, "periodSeconds", 1, 240);
            Range(probe, "timeoutSeconds", 1, 240);
            Range(probe, "failureThreshold", 1, 10);
        }
        void Range(BicepObject probe, string name, long least, long most)
        {
            if (probe[name].Number() is { } value && (value < least || value > most))
                context.Add(probe[name]!.Where, RuleIds.AcaProbe, $"'{name}' is {value}, allowed is {least} to {most}.");
        }
    }

    private static void CheckSize(CheckContext context, ContainerApp app)
    {
        var resources = app.Container?["resources"] as BicepObject;
        decimal? cpu = resources?["cpu"] switch { BicepInteger i => i.Value, BicepNumber n => (decimal)n.Value, _ => null };
        string? memory = resources?["memory"].Text();
        if (resources is null || (cpu is null && resources["cpu"] is null) || resources["memory"] is null)
        {
            context.Add(resources?.Where ?? app.Where, RuleIds.AcaSize, $"'{app.Name}' needs cpu and memory.");
            return;
        }
        if (cpu is not { } cores || memory is null) return;
        bool isGiven = memory.EndsWith("Gi", StringComparison.Ordinal) & decimal.TryParse(
            memory.AsSpan(0, Math.Max(0, memory.Length - 2)), NumberStyles.Float, CultureInfo.InvariantCulture, out decimal gibibytes);
        bool isStep = cores is >= 0.25m and <= 4m && cores % 0.25m == 0;
        if (!isGiven || !isStep || gibibytes != 2 * cores)
            context.Add((resources["cpu"]).Or(resources.Where), RuleIds.AcaSize,
                $"{cores.ToString(CultureInfo.InvariantCulture)} vCPU with {memory}: on the consumption profile 0.25 to 4 in steps of "
                + $"0.25, with 2 Gi for each.");
    }

    private static void CheckSettings(CheckContext context, ContainerApp app)
    {
        var secrets = (app.Configuration?["secrets"]).Objects().ToList();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (ContainerApp.Setting setting in app.Settings)
        {
            if (!seen.Add(setting.Name)) context.Add(setting.Where, RuleIds.AcaSettingTwice, $"'{setting.Name}' stands twice.");
            if (context.Settings?.IsKnown(setting.Name) == false)
                context.Add(setting.Where, RuleIds.UnknownSetting, $"No service reads '{setting.Name}'.");
            if (AppNames.ServiceOf(app.Name) is { } service && ForAnother(setting.Name, service))
                context.Add(setting.Where, RuleIds.UnknownSetting, $"'{app.Name}' does not read '{setting.Name}'.");
            if (setting.SecretRef is { } name && secrets.All(s => s["name"].Text() != name))
                context.Add(setting.Where, RuleIds.AcaSecretRef, $"'{app.Name}' has no secret '{name}'.");
            if (setting.SecretRef is null && setting.Value is null or BicepNull)
                context.Add(setting.Where, RuleIds.AcaSecretRef, $"'{setting.Name}' has neither value nor secretRef.");
        }
        foreach (BicepObject? secret in secrets)
        {
            string? name = secret["name"].Text();
            if (secret["value"] is not null)
                context.Add(secret["value"]!.Where, RuleIds.AcaSecretRef,
                    $"The secret '{name}' comes by value: a Key Vault URL and an identity keep it out of the deployment.");
            if (secret["keyVaultUrl"] is not null && secret["identity"] is null)
                context.Add(secret.Where, RuleIds.AcaSecretRef, $"The secret '{name}' needs the identity that reads it.");
            if (secret["identity"].Text() is { } identity && app.Identities.All(i => !Same(i.Name, identity)))
                context.Add(secret["identity"]!.Where, RuleIds.AcaIdentity,
                    $"'{app.Name}' does not carry the identity that reads the secret '{name}'.");
            bool isOfAScaleRule = (app.Template?.At("scale.rules")).Objects().SelectMany(rule => rule.At("custom.auth").Objects())
                .Any(auth => auth["secretRef"].Text() == name);
            if (!isOfAScaleRule && app.Settings.All(s => s.SecretRef != name))
                context.Add(secret.Where, RuleIds.AcaSecretRef, $"Nothing reads the secret '{name}'.");
        }
        if (app.Service is not { } own || !context.IsComplete) return;
        foreach (string needed in SettingsManifest.ContainerOf(own).Where(n => app.Find(n) is null))
            context.Add((app.Container?["env"]).Or(app.Where), RuleIds.MissingSetting, $"'{app.Name}' needs '{needed}'.");
    }

    private static bool ForAnother(string setting, string service)
    {
        int at = setting.IndexOf("__", StringComparison.Ordinal);
        return at > 0 && setting[..at] is "Signaling" or "Relay" or "Transceiver"
            && !string.Equals(setting[..at], service, StringComparison.OrdinalIgnoreCase);
    }

    private static void CheckScale(CheckContext context, ContainerApp app)
    {
        var scale = app.Template?["scale"] as BicepObject;
        long? least = scale?["minReplicas"].Number(), most = scale?["maxReplicas"].Number();
        Place where = scale?.Where ?? app.Where;
        if (app.Service is not null && (scale?["minReplicas"] is null || scale["maxReplicas"] is null))
            context.Add(where, RuleIds.AcaScale, $"'{app.Name}' needs minReplicas and maxReplicas: the defaults are 0 and 10.");
        var rules = (scale?["rules"]).Objects().ToList();
        if (app.IsShard && most is not null and not 1)
            context.Add(scale!["maxReplicas"]!.Where, RuleIds.AcaScale, "A shard has one replica: two would own the same slots.");
        if (app.IsShard && least == 0 && rules.Count == 0)
            context.Add(where, RuleIds.AcaScale, "A shard that may sleep needs a rule that wakes it.");
        if (app.Name == "relay" && least is not null && most is not null && least != most)
            context.Add(where, RuleIds.AcaScale, "Relays are a fixed number: scaling in hangs up on whoever is connected.");
        if (app.Name is "signaling" or "relay" or "local-agent" && least is < 1)
            context.Add(scale!["minReplicas"]!.Where, RuleIds.AcaScale, $"'{app.Name}' has to run: a caller would wait for its start.");
        if (least > most) context.Add(where, RuleIds.AcaScale, "minReplicas is above maxReplicas.");
        if (AppNames.ServiceOf(app.Name) is null) return;
        long? grace = app.Template?["terminationGracePeriodSeconds"].Number();
        // The drain takes five seconds, which is as long as the sidecar lives. The rest of the period is for a slow platform. 600 is the
        // documented maximum.
        if (app.Template?["terminationGracePeriodSeconds"] is null || grace is < 10 or > 600)
            context.Add((app.Template?["terminationGracePeriodSeconds"]).Or(app.Template?.Where ?? app.Where), RuleIds.AcaGrace,
                $"'{app.Name}' needs terminationGracePeriodSeconds, 10 to 600.");
    }

    private static void CheckRegistry(CheckContext context, ContainerApp app)
    {
        if (app.Service is null) return;
        var registries = (app.Configuration?["registries"]).Objects().ToList();
        if (registries.Count == 0) context.Add(app.Where, RuleIds.AcaRegistry, $"'{app.Name}' has no registry to pull from.");
        foreach (BicepObject? registry in registries)
        {
            if (registry["passwordSecretRef"] is not null || registry["username"] is not null)
                context.Add(registry.Where, RuleIds.AcaRegistry, "The registry takes an identity, no password.");
            string? identity = registry["identity"].Text();
            if (registry["identity"] is null)
                context.Add(registry.Where, RuleIds.AcaRegistry, "The registry needs the identity that pulls.");
            if (identity is not null && app.Identities.All(i => !Same(i.Name, identity)))
                context.Add(registry["identity"]!.Where, RuleIds.AcaIdentity, $"'{app.Name}' does not carry the identity that pulls.");
            // An identity that the code in the container must not use is for the platform only. The others are not restricted.
            foreach (BicepObject? setting in (app.Configuration?["identitySettings"]).Objects()
                .Where(s => registry["identity"] is { } pull && s["identity"]?.SameAs(pull) == false))
                context.Add(setting.Where, RuleIds.AcaIdentity, "The one identity that is kept from the container is the one that pulls.");
        }
    }

    /// <summary>If the address in a setting names another app of the environment, that app has to exist and to have that port.</summary>
    private static void CheckPeers(CheckContext context, ContainerApp app, IReadOnlyList<ContainerApp> apps)
    {
        foreach (ContainerApp.Setting setting in app.Settings)
        {
            if (setting.Value.Text() is not { } text || !Uri.TryCreate(text, UriKind.Absolute, out Uri? url)
                || url.Scheme is not ("ws" or "tcp" or "http")) continue;
            if (url.Host.Length == 0 || url.Host.Contains('.', StringComparison.Ordinal) || url.HostNameType != UriHostNameType.Dns)
                continue;
            ContainerApp? peer = apps.FirstOrDefault(a => a.Name == url.Host && a.Environment?.ToString() == app.Environment?.ToString());
            if (peer is null)
                context.Add(setting.Where, RuleIds.AcaPeer, $"'{setting.Name}' names '{url.Host}', which is no app of this environment.");
            else if (peer.Transport == "tcp" && !peer.Ports.Any(p => p.Exposed == url.Port))
            context.Add(setting.Where, RuleIds.AcaPeer, $"'{setting.Name}': '{url.Host}' does not expose port {url.Port}.");
        }
    }

    private static void CheckShard(CheckContext context, ContainerApp app)
    {
        int shard = AppNames.ShardOf(app.Name)!.Value;
        const int firstLinkPort = 20000, portsOfAShard = 16;
        if (app.Text("Transceiver__Shard") is { } given && given != shard.ToString(CultureInfo.InvariantCulture))
            context.Add(app.Find("Transceiver__Shard")!.Where, RuleIds.AcaShard, $"'{app.Name}' is shard {shard}.");
        if (app.Text("Fleet__MaximumShards") is { } maximum
            && int.TryParse(maximum, NumberStyles.None, CultureInfo.InvariantCulture, out int most) && most <= shard)
            context.Add(app.Find("Fleet__MaximumShards")!.Where, RuleIds.AcaShard,
                $"Nobody looks for shard {shard}: Fleet__MaximumShards is {most}.");
        for (int i = 0; i < app.Ports.Count; i++)
        {
            if (app.Ports[i].Exposed is { } exposed && exposed != firstLinkPort + portsOfAShard * shard + i)
                context.Add(app.Ports[i].Where, RuleIds.AcaShard,
                    $"Worker {i} of shard {shard} is exposed on {firstLinkPort + portsOfAShard * shard + i}.");
            if (app.Ports[i].Target is { } target && target != firstLinkPort + i)
                context.Add(app.Ports[i].Where, RuleIds.AcaShard, $"Worker {i} listens on {firstLinkPort + i}.");
            if (app.Ports[i].IsExternal != app.Ports[0].IsExternal)
                context.Add(app.Ports[i].Where, RuleIds.AcaShard, "A shard's ports are all external or all internal.");
        }
        if (app.Text("Transceiver__Workers") is { } workers && workers != app.Ports.Count.ToString(CultureInfo.InvariantCulture))
            context.Add(app.Find("Transceiver__Workers")!.Where, RuleIds.AcaShard, $"{workers} workers and {app.Ports.Count} ports.");
        if (app.Find("Transceiver__AdvertisedLinkEndpoint") is { Value: { } advertised } setting)
        {
            string text = advertised.ToString();
            if (app.Ports.Count > 0 && ContainerApp.PortOf(text.Trim('"', '[', ']', '\'', '}')) is { } port && port != app.Ports[0].Exposed)
                context.Add(setting.Where, RuleIds.AcaShard,
                    $"Others are told port {port}, the first exposed one is {app.Ports[0].Exposed}.");
            bool isByName = advertised.Text() is { } known && known.StartsWith($"tcp://{app.Name}:", StringComparison.Ordinal);
            if (app.Ports.Count > 0 && isByName == app.Ports[0].IsExternal)
                context.Add(setting.Where, RuleIds.AcaShard, "An internal shard is found by its app's name, an external one by the "
                    + "environment's address.");
        }
        // Only the relays have a reason to connect from outside.
        bool isFenced = (app.Ingress?["ipSecurityRestrictions"]).Objects().Any(r => r["action"].Text() == "Allow");
        if (app.Ports.Any(p => p.IsExternal) && !isFenced)
            context.Add((app.Ingress?["external"]).Or(app.Where), RuleIds.AcaShard,
                "An external link port lets the relays' address in and no other.");
    }

    internal static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
