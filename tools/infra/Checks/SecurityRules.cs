using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Rules for what is open unless a property closes it (keys beside identities, plain HTTP, old TLS, public blobs), and for secrets in
/// places that anybody can read.
/// </summary>
internal static partial class SecurityRules
{
    public static void Check(CheckContext context)
    {
        CheckSecrets(context);
        CheckTwice(context);
        foreach (ResolvedResource resource in context.Made)
        {
            BicepObject body = resource.Body;
            switch (resource.Type.ToUpperInvariant())
            {
                case "MICROSOFT.STORAGE/STORAGEACCOUNTS":
                    Must(context, resource, "properties.allowSharedKeyAccess", RuleIds.StorageSharedKey,
                        "An account key opens everything and names nobody: allowSharedKeyAccess is false.", false);
                    Must(context, resource, "properties.allowBlobPublicAccess", RuleIds.StoragePublicBlob,
                        "allowBlobPublicAccess is false.", false);
                    Must(context, resource, "properties.supportsHttpsTrafficOnly", RuleIds.StorageTls, "supportsHttpsTrafficOnly is true.",
                        true);
                    MustBe(context, resource, "properties.minimumTlsVersion", RuleIds.StorageTls, "minimumTlsVersion is TLS1_2 or TLS1_3.",
                        "TLS1_2", "TLS1_3");
                    break;
                case "MICROSOFT.STORAGE/STORAGEACCOUNTS/BLOBSERVICES/CONTAINERS":
                    if (body.At("properties.publicAccess").Text() is not (null or "None"))
                        context.Add(body.At("properties.publicAccess")!.Where, RuleIds.StoragePublicBlob,
                            "A container of ours is not public.");
                    break;
                case "MICROSOFT.SERVICEBUS/NAMESPACES":
                    Must(context, resource, "properties.disableLocalAuth", RuleIds.ServiceBusLocalAuth,
                        "Connection strings are off: disableLocalAuth is true.", true);
                    MustBe(context, resource, "properties.minimumTlsVersion", RuleIds.ServiceBusTls, "minimumTlsVersion is 1.2.", "1.2",
                        "1.3");
                    if (body.At("sku.name").Text() == "Basic")
                        context.Add(body.At("sku.name")!.Where, RuleIds.ServiceBusTier, "Basic has no topics.");
                    break;
                case "MICROSOFT.KEYVAULT/VAULTS":
                    Must(context, resource, "properties.enableRbacAuthorization", RuleIds.VaultRbac,
                        "Roles, not access policies, say who reads: enableRbacAuthorization is true.", true);
                    if (body.At("properties.accessPolicies") is BicepArray { Items.Count: > 0 } policies)
                        context.Add(policies.Where, RuleIds.VaultRbac, "Access policies are not looked at with roles on.");
                    if (body.At("properties.enableSoftDelete").Flag() == false)
                        context.Add(body.At("properties.enableSoftDelete")!.Where, RuleIds.VaultSoftDelete,
                            "Azure has no vault without soft delete.");
                    if (body.At("properties.softDeleteRetentionInDays").Number() is < 7 or > 90)
                        context.Add(body.At("properties.softDeleteRetentionInDays")!.Where, RuleIds.VaultSoftDelete,
                            "softDeleteRetentionInDays is 7 to 90.");
                    // Either the vault is protected forever, or the property is omitted. Azure refuses 'false' once the value was true, and
                    // it does not report that before the deployment.
                    if (body.At("properties.enablePurgeProtection").Flag() == false)
                        context.Add(body.At("properties.enablePurgeProtection")!.Where, RuleIds.VaultPurgeProtection,
                            "Leave enablePurgeProtection out or set it: 'false' is refused.");
                    break;
                case "MICROSOFT.CONTAINERREGISTRY/REGISTRIES":
                    Must(context, resource, "properties.adminUserEnabled", RuleIds.RegistryAdminUser,
                        "The registry has no password: adminUserEnabled is false.", false);
                    if (body.At("properties.anonymousPullEnabled").Flag() == true)
                        context.Add(body.At("properties.anonymousPullEnabled")!.Where, RuleIds.RegistryAdminUser,
                            "Images are not for everybody.");
                    bool needsPremium = body.At("properties.zoneRedundancy").Text() == "Enabled"
                        || context.Made.Any(r => r.IsType("Microsoft.ContainerRegistry/registries/replications")
                        && r.Parent == resource.Id);
                    if (needsPremium && body.At("sku.name").Text() is not (null or "Premium"))
                        context.Add(body.At("sku.name")!.Where, RuleIds.RegistryTier, "Replicas and zones need the tier Premium.");
                    break;
                case "MICROSOFT.OPERATIONALINSIGHTS/WORKSPACES":
                    Must(context, resource, "properties.features.disableLocalAuth", RuleIds.LogsLocalAuth,
                        "The workspace takes no key: features.disableLocalAuth is true.", true);
                    break;
                case "MICROSOFT.APP/MANAGEDENVIRONMENTS": CheckEnvironment(context, resource); break;
                case "MICROSOFT.COMPUTE/VIRTUALMACHINESCALESETS":
                    Must(context, resource, "properties.virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication",
                        RuleIds.VmPassword, "No machine takes a password.", true);
                    if (body.At("properties.virtualMachineProfile.osProfile.adminPassword") is { } password)
                        context.Add(password.Where, RuleIds.VmPassword, "No machine has a password.");
                    break;
            }
        }
    }

    /// <summary>
    /// Keys that the deployment reads (<c>listKeys()</c>) and values of @secure() parameters must not be in outputs. In resources they may
    /// only be where Azure keeps secrets.
    /// </summary>
    private static void CheckSecrets(CheckContext context)
    {
        foreach (ResolvedOutput? output in context.Deployment.Outputs.Where(o => o.Value.Descend().Any(IsSecret)))
            context.Add(output.Value.Where with { File = context.MainPath }, RuleIds.SecretInPlainSight,
                $"The output '{output.Name}' holds a secret: outputs stand in the deployment's history.");
        foreach (ResolvedResource resource in context.Made)
        {
            foreach (BicepValue? value in resource.Body.Descend().Where(IsSecret).Where(v => !MayBeSecret().IsMatch(v.Where.Path ?? "")))
                context.Add(value.Where, RuleIds.SecretInPlainSight, "A secret stands where whoever may read the resource reads it.");
        }
    }

    // A snapshot keeps @secure() parameters as expressions and contains the values of all other parameters.
    private static bool IsSecret(BicepValue value)
        => value is BicepRuntime { Text: var text }
        && (ListCall().IsMatch(text) || text.Contains("parameters('", StringComparison.Ordinal));

    /// <summary>
    /// If one resource is declared twice, the last declaration wins. Two declarations that replace each other have conditions.
    /// </summary>
    private static void CheckTwice(CheckContext context)
    {
        foreach (ResolvedResource? again in context.Made.GroupBy(r => r.Id, StringComparer.OrdinalIgnoreCase)
            .Where(g => g.Count(r => r.Condition is null) > 1).Select(g => g.Last()))
            context.Add(again.Where, RuleIds.ResourceTwice, "The deployment makes this resource twice.");
    }

    // listKeys(), listConnectionStrings(), …
    [GeneratedRegex(@"\blist[A-Z]\w*\(")]
    private static partial Regex ListCall();

    [GeneratedRegex(@"^properties\.(configuration\.secrets\[\d+\]|secrets\[\d+\])?\.?(value|adminPassword|protectedSettings.*)$")]
    private static partial Regex MayBeSecret();

    private static void CheckEnvironment(CheckContext context, ResolvedResource environment)
    {
        BicepValue? destination = environment.Body.At("properties.appLogsConfiguration.destination");
        bool hasSetting = context.Made.Any(r => r.IsType("Microsoft.Insights/diagnosticSettings") && r.ScopeResource == environment.Id
            && r.Body.At("properties.logs").Objects().Any(l => l["enabled"].Flag() == true)
            && (r.Body.At("properties.workspaceId") ?? r.Body.At("properties.storageAccountId")) is not null);
        if (destination is null || destination is BicepString { Value: "none" or "" })
            context.Add(destination.Or(environment.Where), RuleIds.EnvironmentLogs,
                "The apps' logs go nowhere: appLogsConfiguration.destination.");
        else if (destination.Text() == "azure-monitor" && !hasSetting)
        context.Add(destination.Where, RuleIds.EnvironmentLogs,
            "With 'azure-monitor' logs leave by a diagnostic setting on the environment, and there is none.");
        else if (destination.Text() == "log-analytics")
        context.Add(destination.Where, RuleIds.EnvironmentLogs,
            "'log-analytics' takes the workspace's key: use azure-monitor and a diagnostic setting.");
        bool hasTcp = ContainerAppRules.Apps(context).Any(
            a => a.Transport == "tcp" && a.Ports.Any(p => p.IsExternal) && a.Environment.IsIdOf(environment));
        if (hasTcp && environment.Body.At("properties.vnetConfiguration.infrastructureSubnetId") is null)
            context.Add(environment.Where, RuleIds.EnvironmentNetwork, "TCP from outside needs an environment in a network of ours.");
    }

    private static void Must(CheckContext context, ResolvedResource resource, string path, string rule, string message, bool wanted)
    {
        BicepValue? value = resource.Body.At(path);
        if (value is BicepRuntime || value.Flag() == wanted) return;
        context.Add(value.Or(resource.Where), rule, message);
    }

    private static void MustBe(CheckContext context, ResolvedResource resource, string path, string rule, string message,
        params string[] words)
    {
        BicepValue? value = resource.Body.At(path);
        if (value is BicepRuntime || (value.Text() is { } text && words.Contains(text))) return;
        context.Add(value.Or(resource.Where), rule, message);
    }
}
