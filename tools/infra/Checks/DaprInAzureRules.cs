using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Dapr;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Rules for the Dapr components of Container Apps environments. They must be valid, equal to those in <c>components/azure</c>, scoped to
/// the apps that use them, and use identities that those apps have.
/// </summary>
internal static class DaprInAzureRules
{
    private const string ComponentType = "Microsoft.App/managedEnvironments/daprComponents",
        IdentityType = "Microsoft.ManagedIdentity/userAssignedIdentities";

    public static IReadOnlyList<DaprComponent> Components(CheckContext context)
        => [.. context.Of(ComponentType).Select(DaprComponent.From)];

    public static void Check(CheckContext context, IReadOnlyList<DaprComponent> components, IReadOnlyList<ContainerApp> apps,
        IReadOnlyList<DaprComponent> files)
    {
        var findings = new List<Finding>();
        var checker = new ComponentChecker(findings, allowsKeys: false, context.Scenario.Subscribers);
        foreach (DaprComponent component in components)
        {
            checker.Check(component);
            if (component.Type.StartsWith("secretstores.local", StringComparison.Ordinal)
                || component.Type.EndsWith(".in-memory", StringComparison.Ordinal))
                context.Add(component.MetadataAt, RuleIds.DaprUnknownType, $"Container Apps has no '{component.Type}'.");
            if (component.Resource!.Body.At("properties.scopes") is null or BicepArray { Items.Count: 0 })
                context.Add(component.ScopesAt, RuleIds.DaprScopes, $"Without scopes every app of the environment has '{component.Name}'.");
            string inCode = ComponentManifest.Find(component.Name)?.NameInCode ?? component.Name;
            if (files.FirstOrDefault(f => f.Name == inCode) is { } file) Compare(context, component, file);
        }
        foreach (Finding finding in findings) context.Add(finding);
        foreach (MetadataEntry? entry in components.Select(c => c.Find("namespaceName")))
        {
            if (entry?.Value is { } host && !host.EndsWith(".servicebus.windows.net", StringComparison.Ordinal))
                context.Add(entry.Where, RuleIds.DaprMetadataValue, "'namespaceName' is the whole host name, NAME.servicebus.windows.net.");
        }

        foreach (IGrouping<string, DaprComponent> environment in components.GroupBy(
            c => c.Resource!.Parent ?? c.Resource.Scope, StringComparer.Ordinal))
        {
            foreach (DaprComponent? again in environment.GroupBy(c => c.Name, StringComparer.Ordinal).SelectMany(g => g.Skip(1)))
                context.Add(again.Where, RuleIds.DaprComponentTwice, $"The environment has a component '{again.Name}' already.");
            var its = apps.Where(a => a.Resource.Scope == environment.First().Resource!.Scope).ToList();
            foreach (DaprComponent? component in environment)
            {
                CheckScopes(context, component, its);
                CheckIdentities(context, component, its);
            }
            if (!context.IsComplete) continue;
            foreach (ComponentManifest? wanted in ComponentManifest.InContainerApps.Where(
                m => environment.All(c => c.Name != m.Name) && (!m.IsBuddy || context.Scenario.Regions > 1)
                && !(context.Scenario.HasUdpEdge && m.Services.SequenceEqual([AppIds.Relay]))))
                context.Add(environment.First().Where, RuleIds.DaprComponentMissing,
                    $"The services use a component '{wanted.Name}', the environment of '{environment.First().Resource!.Scope}' has none.");
        }
        if (context.IsComplete) CheckCarried(context, components, apps);
    }

    private static void Compare(CheckContext context, DaprComponent component, DaprComponent file)
    {
        if (component.Type != file.Type || component.Version != file.Version)
            context.Add(component.MetadataAt, RuleIds.FleetAgreement,
                $"'{component.Name}' is {file.Type} {file.Version} in components/azure.");
        foreach (MetadataEntry entry in file.Metadata)
        {
            MetadataEntry? ours = component.Find(entry.Name);
            if (ours is null)
                context.Add(component.MetadataAt, RuleIds.FleetAgreement, $"'{component.Name}' has '{entry.Name}' in components/azure.");
            else if (entry.Source == MetadataSource.Value && ours.Source == MetadataSource.Value && entry.Name != "publishingScopes"
            && entry.Value != ours.Value)
            context.Add(ours.Where, RuleIds.FleetAgreement,
                $"'{entry.Name}' of '{component.Name}' is '{entry.Value}' in components/azure.");
        }
        foreach (MetadataEntry? entry in component.Metadata.Where(m => file.Find(m.Name) is null))
            context.Add(entry.Where, RuleIds.FleetAgreement, $"'{component.Name}' has no '{entry.Name}' in components/azure.");
    }

    private static void CheckScopes(CheckContext context, DaprComponent component, IReadOnlyList<ContainerApp> apps)
    {
        if (ComponentManifest.Find(component.Name) is not { } manifest) return;
        string[] expected = context.IsComplete
            ? [AppIds.Signaling, .. context.Scenario.HasUdpEdge ? Array.Empty<string>() : [AppIds.Relay],
            .. Enumerable.Range(0, context.Scenario.Shards).Select(AppIds.Transceiver)]
            : [.. apps.Select(a => a.Name)];
        if (expected.Length == 0) return;
        foreach (string app in expected.Where(a => manifest.IsUsedBy(a) && component.Scopes.All(s => s.App != a)))
            context.Add(component.ScopesAt, RuleIds.DaprScopes, $"'{app}' uses '{component.Name}' and is not among its scopes.");
        if (component.Name == ComponentNames.Lifecycle)
        {
            foreach (string app in context.Scenario.Subscribers.Where(a => component.Scopes.All(s => s.App != a)))
                context.Add(component.ScopesAt, RuleIds.DaprScopes,
                    $"'{app}' subscribes and is not among the scopes of '{component.Name}'.");
        }
        foreach ((string app, Place where) in component.Scopes.Where(s => AppNames.IsOurs(s.App)))
        {
            if (!manifest.IsUsedBy(app))
                context.Add(where.IsKnown ? where : component.ScopesAt, RuleIds.DaprScopes,
                    $"'{app}' does not use '{component.Name}' and is among its scopes.");
            else if (!expected.Contains(app))
            context.Add(where.IsKnown ? where : component.ScopesAt, RuleIds.DaprUnknownApp, $"The environment has no app '{app}'.");
        }
    }

    private static void CheckIdentities(CheckContext context, DaprComponent component, IReadOnlyList<ContainerApp> apps)
    {
        ResolvedResource? identity = context.Of(IdentityType)
            .FirstOrDefault(i => component.Find("azureClientId")?.Resolved.IsRead(i, "properties.clientId") == true);
        if (identity is null) return;
        foreach (ContainerApp? app in apps.Where(
            a => component.Scopes.Any(s => s.App == a.Name)
            && a.Identities.All(i => !ContainerAppRules.Same(i.Name, identity.Id))))
            context.Add((app.Resource.Body["identity"]).Or(app.Where), RuleIds.AcaIdentity,
                $"'{app.Name}' uses '{component.Name}' and does not carry its identity '{identity.ShortName}'.");
    }

    /// <summary>An app has the identities that it uses and no other, because each identity gives access to something.</summary>
    private static void CheckCarried(CheckContext context, IReadOnlyList<DaprComponent> components, IReadOnlyList<ContainerApp> apps)
    {
        foreach (ContainerApp? app in apps)
        {
            foreach (BicepProperty carried in app.Identities)
            {
                ResolvedResource? identity = context.Of(IdentityType).FirstOrDefault(i => ContainerAppRules.Same(i.Id, carried.Name));
                if (identity is null)
                {
                    context.Add(carried.Where, RuleIds.AcaIdentity, $"'{app.Name}' carries an identity that is not of this deployment.");
                    continue;
                }
                bool pulls = (app.Configuration?["registries"]).Objects().Any(r => r["identity"].IsIdOf(identity));
                bool reads = (app.Configuration?["secrets"]).Objects().Any(s => s["identity"].IsIdOf(identity));
                bool isUsed = components.Any(c => c.Resource!.Scope == app.Resource.Scope && c.Scopes.Any(s => s.App == app.Name)
                    && c.Find("azureClientId")?.Resolved.IsRead(identity, "properties.clientId") == true);
                if (!pulls && !reads && !isUsed)
                    context.Add(carried.Where, RuleIds.AcaIdentity,
                        $"'{app.Name}' carries '{identity.ShortName}' and uses nothing that it opens.");
            }
        }
    }
}
