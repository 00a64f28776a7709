using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Dapr.Voice.Infra.Bicep;
using Dapr.Voice.Infra.Dapr;
using Dapr.Voice.Infra.Manifests;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Rules for roles: each identity that a component, an app or a machine uses has exactly the role that it needs, on the smallest resource
/// that has what it uses: the table, the container or the secret. The needed roles follow from the components (<see
/// cref="ComponentManifest"/>) and the registries, so a missing assignment and a needless one are both findings.
/// </summary>
internal static partial class RoleRules
{
    private const string IdentityType = "Microsoft.ManagedIdentity/userAssignedIdentities",
        AssignmentType = "Microsoft.Authorization/roleAssignments";
    private const string RegistryType = "Microsoft.ContainerRegistry/registries", VaultType = "Microsoft.KeyVault/vaults";

    private const string TableType = "Microsoft.Storage/storageAccounts/tableServices/tables",
        ContainerType = "Microsoft.Storage/storageAccounts/blobServices/containers",
        MachinesType = "Microsoft.Compute/virtualMachineScaleSets";

    /// <param name="Target">The id of the resource on which the role is needed.</param>
    private sealed record Need(ResolvedResource Identity, string Role, string Target, Place Where, string Who);

    public static void Check(CheckContext context, IReadOnlyList<DaprComponent> components, IReadOnlyList<ContainerApp> apps)
    {
        var identities = context.Of(IdentityType).ToList();
        List<Need> needs = Needs(context, components, apps, identities);
        var assignments = context.Of(AssignmentType).ToList();
        var given = new HashSet<(string, string, string)>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (ResolvedResource? assignment in assignments)
        {
            var properties = assignment.Body["properties"] as BicepObject;
            string definition = properties?["roleDefinitionId"]?.ToString() ?? "";
            string? role = RoleNames.ById.Where(r => definition.Contains(r.Key, StringComparison.OrdinalIgnoreCase)
                && RoleDefinition().IsMatch(definition)).Select(r => r.Value).FirstOrDefault();
            if (role is null)
                context.Add((properties?["roleDefinitionId"]).Or(assignment.Where), RuleIds.RoleUnknown,
                    "The role is none of those in RoleNames: an unknown id, or more than anybody here needs.");
            ResolvedResource? identity = identities.FirstOrDefault(
                i => properties?["principalId"].IsRead(i, "properties.principalId") == true);
            if (identity is not null && properties?["principalType"].Text() != "ServicePrincipal")
                context.Add((properties?["principalType"]).Or(assignment.Where), RuleIds.RolePrincipalType,
                    "Without principalType 'ServicePrincipal' the assignment fails while the new identity is not yet known everywhere.");
            // The hook makes the secrets. The template names them and does not create them.
            if (assignment.ScopeResource is not { } target || (context.Find(target) is null && !IsSecret(context, target)))
            {
                context.Add(assignment.Where, RuleIds.RoleScope, "The role is given on a whole resource group or subscription; 'scope' "
                    + "names the one resource.");
                continue;
            }
            // ARM wants a GUID that stays the same at the next deployment and differs for each principal, role and resource.
            string name = $"{assignment.Scope} {assignment.NameValue}";
            if (!names.Add(name) || properties?["principalId"] is null)
                context.Add(assignment.NameValue.Or(assignment.Where), RuleIds.RoleName,
                    "Another assignment has this name: it is made of resource, principal and role.");
            if (assignment.NameValue is BicepString literal && !Guid.TryParse(literal.Value, out _))
                context.Add(literal.Where, RuleIds.RoleName, "The name of a role assignment is a GUID: guid(resource, principal, role).");
            if (role is null) continue;
            if (identity is not null)
            {
                given.Add((identity.Id, role, target));
                bool isNeeded = needs.Any(n => n.Identity.Id == identity.Id && n.Role == role && n.Target == target);
                if (context.IsComplete && context.Scenario.IsPublished && !isNeeded)
                    context.Add(assignment.Where, RuleIds.RoleUnneeded,
                        $"Nothing needs '{role}' for '{identity.ShortName}' on '{Last(target)}'.");
            }
            else if (properties?["principalId"].Text() is { } person)
            {
                given.Add((person, role, target));
                if (context.IsComplete && (role != RoleNames.VaultSecretsOfficer || person != Deployer(context)))
                    context.Add(assignment.Where, RuleIds.RoleUnneeded, $"Nothing needs '{role}' for '{person}' on '{Last(target)}'.");
            }
        }
        foreach (Need? need in needs.Where(n => !given.Contains((n.Identity.Id, n.Role, n.Target)))
            .DistinctBy(n => (n.Identity.Id, n.Role, n.Target)))
            context.Add(need.Where, RuleIds.RoleMissing,
                $"{need.Who}: the identity '{need.Identity.ShortName}' needs '{need.Role}' on '{Last(need.Target)}'.");
        if (!context.IsComplete || Deployer(context) is not { } deployer) return;
        foreach (ResolvedResource? vault in context.Of(VaultType)
            .Where(v => !given.Contains((deployer, RoleNames.VaultSecretsOfficer, v.Id))))
            context.Add(vault.Where, RuleIds.RoleMissing,
                $"Whoever runs azd writes the fleet's keys and needs '{RoleNames.VaultSecretsOfficer}' on '{vault.ShortName}'.");
    }

    private static string? Deployer(CheckContext context) => context.Scenario.Environment.GetValueOrDefault("AZURE_PRINCIPAL_ID");

    private static string Last(string id) => id[(id.LastIndexOf('/') + 1)..];

    private static string Secret(ResolvedResource vault, string name) => $"{vault.Id}/secrets/{name}";

    private static bool IsSecret(CheckContext context, string id)
        => context.Of(VaultType).Any(v => id.StartsWith(Secret(v, ""), StringComparison.OrdinalIgnoreCase));

    /// <summary>The table or container of a component in the account, or the account itself if the template has none.</summary>
    private static string PartOf(CheckContext context, ResolvedResource account, DaprComponent component)
    {
        string? name = (component.Find("tableName") ?? component.Find("containerName"))?.Value;
        ResolvedResource? part = name is null ? null : context.Of(TableType).Concat(context.Of(ContainerType))
            .FirstOrDefault(p => p.Id.StartsWith(account.Id + "/", StringComparison.OrdinalIgnoreCase) && p.ShortName == name
                && p.Type == (component.Find("tableName") is null ? ContainerType : TableType));
        return part?.Id ?? account.Id;
    }

    /// <summary>What relays on virtual machines need: their sidecar has the components of <c>components/azure</c>.</summary>
    private static IEnumerable<Need> NeedsOfMachines(CheckContext context, IReadOnlyList<ResolvedResource> identities)
    {
        foreach (ResolvedResource machines in context.Of(MachinesType))
        {
            BicepProperty[] carried = [.. (machines.Body.At("identity.userAssignedIdentities") as BicepObject)?.Properties ?? []];
            if (identities.FirstOrDefault(i => i.ShortName == "id-voice-relay"
                && carried.Any(c => ContainerAppRules.Same(c.Name, i.Id))) is not { } identity) continue;
            foreach (ResolvedResource table in context.Of(TableType)
                .Where(t => t.Scope == machines.Scope && t.ShortName == ComponentNames.Sessions))
                yield return new(identity, RoleNames.TableReader, table.Id, machines.Where, "A relay on a virtual machine");
            foreach (ResolvedResource vault in context.Of(VaultType).Where(v => v.Scope == machines.Scope))
            {
                foreach (string name in ComponentManifest.SecretsOf(AppIds.Relay))
                    yield return new(
                        identity, RoleNames.VaultSecretsUser, Secret(vault, name), machines.Where, "A relay on a virtual machine");
            }
        }
    }

    private static List<Need> Needs(CheckContext context, IReadOnlyList<DaprComponent> components, IReadOnlyList<ContainerApp> apps,
        IReadOnlyList<ResolvedResource> identities)
    {
        List<Need> needs = [.. NeedsOfMachines(context, identities)];
        foreach (DaprComponent component in components)
        {
            if (ComponentManifest.Find(component.Name) is not { } manifest || component.Find("azureClientId") is not { } client) continue;
            ResolvedResource? identity = identities.FirstOrDefault(i => client.Resolved.IsRead(i, "properties.clientId"));
            MetadataEntry? place = component.Find("accountName") ?? component.Find("vaultName") ?? component.Find("namespaceName");
            ResolvedResource? target = context.Of(manifest.Target).FirstOrDefault(t => place?.Resolved.Names(t) == true);
            if (identities.Count > 0 && identity is null)
                context.Add(client.Where, RuleIds.DaprIdentity, "'azureClientId' is not the client id of an identity of this deployment.");
            if (place is not null && target is null && context.Of(manifest.Target).Any())
                context.Add(place.Where, RuleIds.FleetAgreement, $"'{place.Name}' names no '{manifest.Target}' of this deployment.");
            if (identity is null || target is null) continue;
            string who = $"Component '{component.Name}'";
            // The keys are there before an app is, and before that nobody needs to read them.
            bool isInUse = apps.Any(a => a.Resource.Scope == component.Resource!.Scope && component.Scopes.Any(s => s.App == a.Name));
            if (manifest.Secrets.Count == 0) needs.Add(new(identity, manifest.Role, PartOf(context, target, component), client.Where, who));
            else if (isInUse)
                needs.AddRange(manifest.Secrets.Select(s => new Need(identity, manifest.Role, Secret(target, s), client.Where, who)));
            // An app that is in the scopes of the broker's component and is not one of ours is a subscriber.
            if (manifest.Role == RoleNames.ServiceBusSender && component.Scopes.Any(s => context.Scenario.Subscribers.Contains(s.App)))
                needs.Add(
                    new(identity, RoleNames.ServiceBusReceiver, target.Id, client.Where, $"A subscriber of component '{component.Name}'"));
        }
        var registries = context.Of(RegistryType).ToList();
        foreach ((ContainerApp? app, BicepObject? registry) in apps.SelectMany(
            a => (a.Configuration?["registries"]).Objects().Select(r => (a, r))))
        {
            ResolvedResource? identity = identities.FirstOrDefault(i => registry["identity"].IsIdOf(i));
            ResolvedResource? target = registries.FirstOrDefault(r => registry["server"].Names(r));
            if (target is null && registries.Count > 0)
                context.Add((registry["server"]).Or(registry.Where), RuleIds.AcaRegistry,
                    $"'{app.Name}' pulls from a registry that is not of this deployment.");
            if (identity is not null && target is not null)
                needs.Add(new(identity, RoleNames.AcrPull, target.Id, registry.Where, $"App '{app.Name}'"));
        }
        foreach ((ContainerApp? app, BicepObject? secret) in apps.SelectMany(
            a => (a.Configuration?["secrets"]).Objects().Select(s => (a, s))))
        {
            ResolvedResource? identity = identities.FirstOrDefault(i => secret["identity"].IsIdOf(i));
            ResolvedResource? target = context.Of(VaultType).FirstOrDefault(v => secret["keyVaultUrl"].Names(v));
            if (identity is not null && target is not null)
                needs.Add(new(identity, RoleNames.VaultSecretsUser, SecretOf(context, target, secret), secret.Where, $"App '{app.Name}'"));
        }
        return needs;
    }

    /// <summary>
    /// The secret that an app's secret comes from. Its URL ends in the name, or is <c>format('{0}secrets/{1}', …, 'NAME')</c>. A template
    /// without roles on secrets has them on the vault.
    /// </summary>
    private static string SecretOf(CheckContext context, ResolvedResource vault, BicepObject secret)
    {
        Match match = SecretName().Match(secret["keyVaultUrl"]?.ToString() ?? "");
        string name = match.Groups[1].Value + match.Groups[2].Value;
        return context.IsComplete && name.Length > 0 ? Secret(vault, name) : vault.Id;
    }

    [GeneratedRegex(@"secrets/(?:([A-Za-z0-9-]+)|\{1\}.*'([A-Za-z0-9-]+)'\))")]
    private static partial Regex SecretName();

    // The role is an id (/…/providers/Microsoft.Authorization/roleDefinitions/GUID) or the function that makes one.
    [GeneratedRegex("Microsoft\\.Authorization/roleDefinitions[/']")]
    private static partial Regex RoleDefinition();
}
