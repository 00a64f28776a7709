namespace Dapr.Voice.Infra.Checks;

/// <summary>The values we chose, by resource type (<see cref="Choice"/>). The reasons stand beside them in infra/bicep.</summary>
internal static class Choices
{
    private const string App = "Microsoft.App/containerApps", Environment = "Microsoft.App/managedEnvironments", Account = "Microsoft.Storage/storageAccounts", Bus = "Microsoft.ServiceBus/namespaces",
        Vault = "Microsoft.KeyVault/vaults", Registry = "Microsoft.ContainerRegistry/registries", Workspace = "Microsoft.OperationalInsights/workspaces", Insights = "Microsoft.Insights/components",
        Network = "Microsoft.Network/virtualNetworks", Group = "Microsoft.Network/networkSecurityGroups", Address = "Microsoft.Network/publicIPAddresses", Balancer = "Microsoft.Network/loadBalancers",
        Machines = "Microsoft.Compute/virtualMachineScaleSets", Profile = "Microsoft.Cdn/profiles", Identity = "Microsoft.ManagedIdentity/userAssignedIdentities", Resources = "Microsoft.Resources/resourceGroups";

    private static readonly ILookup<string, Choice> ByType = All().ToLookup(c => c.Type, StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<Choice> Of(string type) => ByType[type];

    /// <summary>Every resource that is looked for by its name.</summary>
    public static readonly IReadOnlyList<(string Type, string Name)> Names = [.. ByType.SelectMany(c => c).Where(c => c.Name is not null).Select(c => (c.Type, c.Name!)).Distinct()];

    /// <summary>Not in every shape of deployment.</summary>
    public static bool IsOptional(string name) => name is "pip-voice-edge" or "pip-voice-global" or "lb-voice-edge" or "lbi-voice-global" or "placeholder" or "local-agent" or "relay" or "signaling" or "transceiver";

    private static IEnumerable<Choice> All() =>
    [
        .. On(Resources, null, ("location", "westeurope|northeurope|swedencentral"), ("tags", "*")),
        .. On(Identity, null, ("location", "westeurope|northeurope|swedencentral"), ("tags", "*")),

        // State: hot, local copies or copies in three zones, nothing that brings back a deleted checkpoint.
        .. On(Account, null,
            ("kind", "StorageV2"), ("sku.name", "Standard_LRS|Standard_ZRS"), ("properties.accessTier", "Hot"), ("properties.allowCrossTenantReplication", "false"),
            ("properties.defaultToOAuthAuthentication", "true"), ("properties.minimumTlsVersion", "TLS1_2"), ("properties.publicNetworkAccess", "Enabled"), ("tags", "*")),
        .. On(Account + "/tableServices", "default"),
        .. On(Account + "/tableServices/tables", "sessions"),
        .. On(Account + "/blobServices", "default", ("properties.containerDeleteRetentionPolicy.enabled", "false"), ("properties.deleteRetentionPolicy.enabled", "false")),
        .. On(Account + "/blobServices/containers", "checkpoints", ("properties.publicAccess", "None")),
        .. On(Account + "/managementPolicies", "default",
            ("properties.policy.rules[0].name", "checkpoints-of-dead-owners"), ("properties.policy.rules[0].type", "Lifecycle"), ("properties.policy.rules[0].enabled", "true"),
            ("properties.policy.rules[0].definition.actions.baseBlob.delete.daysAfterModificationGreaterThan", "2"),
            ("properties.policy.rules[0].definition.filters.blobTypes", "[\"blockBlob\"]"), ("properties.policy.rules[0].definition.filters.prefixMatch", "[\"checkpoints/\"]")),

        .. On(Bus, null, ("sku.name", "Standard"), ("sku.tier", "Standard"), ("properties.publicNetworkAccess", "Enabled"), ("properties.minimumTlsVersion", "1.2"), ("tags", "*")),
        .. On(Bus + "/topics", null, ("properties.defaultMessageTimeToLive", "P1D"), ("properties.maxSizeInMegabytes", "1024"), ("properties.supportOrdering", "false")),
        .. On(Bus + "/topics/subscriptions", null, ("properties.defaultMessageTimeToLive", "PT1H"), ("properties.lockDuration", "PT1M"), ("properties.maxDeliveryCount", "10"), ("properties.deadLetteringOnMessageExpiration", "false")),
        .. On(Bus + "/topics", Contracts.Topics.Sessions), .. On(Bus + "/topics", Contracts.Topics.Fleet), .. On(Bus + "/topics", Contracts.Topics.DeadLetter),
        .. On(Vault, null,
            ("properties.sku.family", "A"), ("properties.sku.name", "standard"), ("properties.enableSoftDelete", "true"), ("properties.softDeleteRetentionInDays", "7"),
            ("properties.publicNetworkAccess", "Enabled"), ("properties.tenantId", "*"), ("tags", "*")),
        .. On(Registry, null, ("sku.name", "Basic|Premium"), ("properties.anonymousPullEnabled", "false"), ("properties.publicNetworkAccess", "Enabled"), ("properties.zoneRedundancy", "Enabled|Disabled"), ("tags", "*")),
        .. On(Registry + "/replications", null, ("properties.regionEndpointEnabled", "true"), ("properties.zoneRedundancy", "Enabled|Disabled"), ("tags", "*")),

        .. On(Workspace, "log-voice", ("properties.sku.name", "PerGB2018"), ("properties.retentionInDays", "30"), ("properties.workspaceCapping.dailyQuotaGb", "1"), ("tags", "*")),
        .. On(Insights, "appi-voice", ("kind", "web"), ("properties.Application_Type", "web"), ("properties.WorkspaceResourceId", "*"), ("tags", "*")),
        .. On("Microsoft.Insights/diagnosticSettings", null, ("properties.logs[0].categoryGroup", "allLogs"), ("properties.logs[0].enabled", "true")),
        .. On(Environment, "cae-voice",
            ("properties.appLogsConfiguration.destination", "azure-monitor"), ("properties.daprAIConnectionString", "*"), ("properties.vnetConfiguration.infrastructureSubnetId", "*"),
            ("properties.vnetConfiguration.internal", "false"), ("properties.workloadProfiles[Consumption].workloadProfileType", "Consumption"), ("properties.zoneRedundant", "true|false"), ("tags", "*")),

        .. On(App, null, ("properties.configuration.activeRevisionsMode", "Single"), ("properties.template.containers[0].image", "*"), ("location", "*"), ("tags", "*")),
        .. On(App, "placeholder", ("properties.workloadProfileName", "Consumption"), ("properties.template.scale.minReplicas", "0"), ("properties.template.scale.maxReplicas", "1"), ("properties.template.containers[0].resources.cpu", "0.25")),
        .. On(App, "signaling", [("properties.workloadProfileName", "Consumption"), ("properties.configuration.ingress.transport", "auto"), ("properties.configuration.ingress.allowInsecure", "false"),
            ("properties.template.scale.maxReplicas", "30"), ("properties.template.scale.rules[requests].http.metadata.concurrentRequests", "40"), .. Service(), .. Probes("/startupz", "/healthz", 10, 2, 10, 2, 2)]),
        .. On(App, "relay", [("properties.workloadProfileName", "Consumption"), .. Service(), .. Probes("/startupz", "/readyz", 10, 2, 10, 2, 2)]),
        .. On(App, "transceiver", [.. Service(), .. Probes("/startupz", "/healthz", 10, 2, 10, 2, 2)]),
        .. On(App, "local-agent", [("properties.workloadProfileName", "Consumption"), ("identity.type", "UserAssigned"), ("properties.template.scale.maxReplicas", "1"), ("properties.template.terminationGracePeriodSeconds", "30"), ("properties.configuration.identitySettings[0].lifecycle", "None"), .. Probes("/healthz", "/readyz", 5, 2, 10, 5, 5)]),

        .. On(Network, "vnet-voice",
            ("properties.subnets[apps].properties.delegations[0].name", "container-apps"), ("tags", "*")),
        .. Rule("media-udp", "100", "Allow", "Udp", "Internet", "3478"),
        .. Rule("media-tcp", "110", "Allow", "Tcp", "Internet", "3478"),
        .. Rule("health-probe", "120", "Allow", "Tcp", "AzureLoadBalancer", "8070"),
        .. Rule("nothing-else", "4000", "Deny", "*", "*", "*"),
        .. On(Group, "nsg-voice-edge", ("tags", "*")),

        .. On(Address, "pip-voice-edge", ("sku.tier", "Regional"), ("properties.publicIPAddressVersion", "IPv4"), ("tags", "*")),
        .. On(Address, "pip-voice-global", ("sku.tier", "Global"), ("properties.publicIPAddressVersion", "IPv4"), ("tags", "*")),
        .. On(Balancer, "lb-voice-edge",
            ("sku.tier", "Regional"), ("properties.frontendIPConfigurations[media].properties.publicIPAddress.id", "*"), ("properties.backendAddressPools[relays]", "*"),
            ("properties.probes[ready].properties.protocol", "Http"), ("properties.probes[ready].properties.port", "8070"), ("properties.probes[ready].properties.requestPath", "/readyz"),
            ("properties.probes[ready].properties.intervalInSeconds", "5"), ("properties.probes[ready].properties.numberOfProbes", "1"), ("properties.probes[ready].properties.probeThreshold", "1"),
            ("properties.outboundRules[out].properties.protocol", "All"), ("properties.outboundRules[out].properties.allocatedOutboundPorts", "1024"),
            ("properties.outboundRules[out].properties.idleTimeoutInMinutes", "15"), ("properties.outboundRules[out].properties.enableTcpReset", "true"), ("properties.outboundRules[out].properties.frontendIPConfigurations[0].id", "*"),
            ("properties.loadBalancingRules[media-tcp].properties.enableTcpReset", "true"), ("tags", "*")),
        .. Balanced("lb-voice-edge", "media-udp", "Udp", disablesSnat: true),
        .. Balanced("lb-voice-edge", "media-tcp", "Tcp", disablesSnat: true),
        .. On(Balancer, "lbi-voice-global",
            ("sku.tier", "Global"), ("properties.frontendIPConfigurations[media].properties.publicIPAddress.id", "*"),
            ("properties.backendAddressPools[regions].properties.loadBalancerBackendAddresses[region-0].properties.loadBalancerFrontendIPConfiguration.id", "*"),
            ("properties.backendAddressPools[regions].properties.loadBalancerBackendAddresses[region-2].properties.loadBalancerFrontendIPConfiguration.id", "*"), ("tags", "*")),
        .. Balanced("lbi-voice-global", "media-udp", "Udp", disablesSnat: false),
        .. Balanced("lbi-voice-global", "media-tcp", "Tcp", disablesSnat: false),

        .. On(Machines, "vmss-voice-relay",
            [
            ("sku.name", "Standard_B2als_v2"), ("sku.tier", "Standard"), ("sku.capacity", "2"), ("properties.orchestrationMode", "Flexible"), ("properties.singlePlacementGroup", "false"),
            ("properties.platformFaultDomainCount", "1"), ("properties.automaticRepairsPolicy.enabled", "true"), ("properties.automaticRepairsPolicy.gracePeriod", "PT15M"),
            ("properties.automaticRepairsPolicy.repairAction", "Replace"), ("properties.upgradePolicy.mode", "Rolling"),
            ("properties.upgradePolicy.rollingUpgradePolicy.maxBatchInstancePercent", "50"), ("properties.upgradePolicy.rollingUpgradePolicy.maxUnhealthyInstancePercent", "50"),
            ("properties.upgradePolicy.rollingUpgradePolicy.maxUnhealthyUpgradedInstancePercent", "50"), ("properties.upgradePolicy.rollingUpgradePolicy.pauseTimeBetweenBatches", "PT30S"),
            ("properties.upgradePolicy.rollingUpgradePolicy.prioritizeUnhealthyInstances", "true"), ("properties.upgradePolicy.rollingUpgradePolicy.rollbackFailedInstancesOnPolicyBreach", "true"),
            ("identity.type", "UserAssigned"), ("tags", "*"),
            .. Machine(
                ("userData", "*"), ("osProfile.computerNamePrefix", "relay"), ("osProfile.adminUsername", "voice"), ("osProfile.customData", "*"), ("osProfile.linuxConfiguration.provisionVMAgent", "true"),
                ("osProfile.linuxConfiguration.patchSettings.patchMode", "AutomaticByPlatform"), ("osProfile.linuxConfiguration.patchSettings.assessmentMode", "AutomaticByPlatform"),
                ("osProfile.linuxConfiguration.ssh.publicKeys[0].path", "/home/voice/.ssh/authorized_keys"), ("osProfile.linuxConfiguration.ssh.publicKeys[0].keyData", "*"),
                ("securityProfile.securityType", "TrustedLaunch"), ("securityProfile.uefiSettings.secureBootEnabled", "true"), ("securityProfile.uefiSettings.vTpmEnabled", "true"),
                ("storageProfile.imageReference.publisher", "Canonical"), ("storageProfile.imageReference.offer", "ubuntu-24_04-lts"), ("storageProfile.imageReference.sku", "server"), ("storageProfile.imageReference.version", "latest"),
                ("storageProfile.osDisk.createOption", "FromImage"), ("storageProfile.osDisk.caching", "ReadWrite"), ("storageProfile.osDisk.diskSizeGB", "32"), ("storageProfile.osDisk.deleteOption", "Delete"),
                ("storageProfile.osDisk.managedDisk.storageAccountType", "StandardSSD_LRS"), ("networkProfile.networkApiVersion", "2020-11-01"),
                ("networkProfile.networkInterfaceConfigurations[nic].properties.primary", "true"), ("networkProfile.networkInterfaceConfigurations[nic].properties.deleteOption", "Delete"),
                ("networkProfile.networkInterfaceConfigurations[nic].properties.ipConfigurations[ip].properties.primary", "true"),
                ("networkProfile.networkInterfaceConfigurations[nic].properties.ipConfigurations[ip].properties.privateIPAddressVersion", "IPv4"),
                ("networkProfile.networkInterfaceConfigurations[nic].properties.ipConfigurations[ip].properties.subnet.id", "*"),
                ("networkProfile.networkInterfaceConfigurations[nic].properties.ipConfigurations[ip].properties.loadBalancerBackendAddressPools[0].id", "*"),
                ("extensionProfile.extensions[health].properties.publisher", "Microsoft.ManagedServices"), ("extensionProfile.extensions[health].properties.type", "ApplicationHealthLinux"),
                ("extensionProfile.extensions[health].properties.typeHandlerVersion", "1.0"), ("extensionProfile.extensions[health].properties.autoUpgradeMinorVersion", "true"),
                ("extensionProfile.extensions[health].properties.settings.protocol", "http"), ("extensionProfile.extensions[health].properties.settings.port", "8070"),
                ("extensionProfile.extensions[health].properties.settings.requestPath", "/healthz"), ("extensionProfile.extensions[health].properties.settings.intervalInSeconds", "5"),
                ("extensionProfile.extensions[health].properties.settings.numberOfProbes", "3")),
            ]),

        .. On(Profile, "afd-voice", ("sku.name", "Standard_AzureFrontDoor"), ("location", "global"), ("properties.originResponseTimeoutSeconds", "60"), ("tags", "*")),
        .. On(Profile + "/afdEndpoints", null, ("location", "global"), ("properties.enabledState", "Enabled"), ("properties.autoGeneratedDomainNameLabelScope", "ResourceGroupReuse"), ("tags", "*")),
        .. On(Profile + "/originGroups", "signaling",
            ("properties.sessionAffinityState", "Disabled"), ("properties.healthProbeSettings.probeProtocol", "Https"), ("properties.healthProbeSettings.probeRequestType", "HEAD"),
            ("properties.healthProbeSettings.probeIntervalInSeconds", "30"), ("properties.loadBalancingSettings.sampleSize", "4"), ("properties.loadBalancingSettings.successfulSamplesRequired", "2"),
            ("properties.loadBalancingSettings.additionalLatencyInMilliseconds", "0"), ("properties.trafficRestorationTimeToHealedOrNewEndpointsInMinutes", "1")),
        .. On(Profile + "/originGroups/origins", null,
            ("properties.httpPort", "80"), ("properties.httpsPort", "443"), ("properties.enforceCertificateNameCheck", "true"), ("properties.enabledState", "Enabled"), ("properties.priority", "1"), ("properties.weight", "1000")),
        .. On(Profile + "/afdEndpoints/routes", "signaling",
            ("properties.originGroup.id", "*"), ("properties.patternsToMatch", "[\"/*\"]"), ("properties.supportedProtocols", "[\"Http\",\"Https\"]"), ("properties.linkToDefaultDomain", "Enabled"), ("properties.enabledState", "Enabled")),
    ];

    private static (string Path, string Value)[] Service() =>
    [
        ("identity.type", "UserAssigned"), ("properties.configuration.identitySettings[0].lifecycle", "None"), ("properties.configuration.dapr.appProtocol", "http"), ("properties.configuration.dapr.logLevel", "info"),
        ("properties.template.terminationGracePeriodSeconds", "30"),
    ];

    private static (string Path, string Value)[] Probes(string started, string ready, int startPeriod, int startTimeout, int startFailures, int liveTimeout, int readyTimeout)
    {
        const string at = "properties.template.containers[0].probes";
        return
        [
            (at + "[0].type", "Startup"), (at + "[0].httpGet.path", started), (at + "[0].periodSeconds", $"{startPeriod}"), (at + "[0].timeoutSeconds", $"{startTimeout}"), (at + "[0].failureThreshold", $"{startFailures}"),
            (at + "[1].type", "Liveness"), (at + "[1].httpGet.path", "/healthz"), (at + "[1].periodSeconds", "10"), (at + "[1].timeoutSeconds", $"{liveTimeout}"), (at + "[1].failureThreshold", "3"),
            (at + "[2].type", "Readiness"), (at + "[2].httpGet.path", ready), (at + "[2].periodSeconds", "5"), (at + "[2].timeoutSeconds", $"{readyTimeout}"), (at + "[2].failureThreshold", "2"),
        ];
    }

    private static IEnumerable<Choice> On(string type, string? name, params (string Path, string Value)[] values) => values.Length == 0 ? [new Choice(type, name, "name", "*")] : values.Select(v => new Choice(type, name, v.Path, v.Value));

    private static (string Path, string Value)[] Machine(params (string Path, string Value)[] values) => [.. values.Select(v => ("properties.virtualMachineProfile." + v.Path, v.Value))];

    private static IEnumerable<Choice> Rule(string name, string priority, string access, string protocol, string source, string port)
    {
        string at = $"properties.securityRules[{name}].properties.";
        return On(Group, "nsg-voice-edge", (at + "priority", priority), (at + "direction", "Inbound"), (at + "access", access), (at + "protocol", protocol), (at + "sourceAddressPrefix", source),
            (at + "sourcePortRange", "*"), (at + "destinationAddressPrefix", "*"), (at + "destinationPortRange", port));
    }

    private static IEnumerable<Choice> Balanced(string balancer, string name, string protocol, bool disablesSnat)
    {
        string at = $"properties.loadBalancingRules[{name}].properties.";
        (string, string)[] values = [(at + "protocol", protocol), (at + "frontendPort", "3478"), (at + "backendPort", "3478"), (at + "loadDistribution", "Default"), (at + "idleTimeoutInMinutes", "4"), (at + "enableFloatingIP", "false")];
        return On(Balancer, balancer, disablesSnat ? [.. values, (at + "disableOutboundSnat", "true")] : values);
    }
}
