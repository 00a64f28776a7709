namespace Dapr.Voice.Infra;

/// <summary>The names of our rules in findings and in tests/Infra/Broken. docs/infra-checks.md explains each of them.</summary>
public static class RuleIds
{
    public const string Snapshot = "snapshot";
    public const string ResourceTwice = "resource-twice";
    public const string SecretInPlainSight = "secret-in-plain-sight";
    public const string DefaultDiffers = "default-differs";

    public const string YamlSyntax = "yaml-syntax";
    public const string DaprSchema = "dapr-schema";
    public const string DaprUnknownType = "dapr-unknown-type";
    public const string DaprComponentVersion = "dapr-component-version";
    public const string DaprUnknownMetadata = "dapr-unknown-metadata";
    public const string DaprMissingMetadata = "dapr-missing-metadata";
    public const string DaprDuplicateMetadata = "dapr-duplicate-metadata";
    public const string DaprMetadataValue = "dapr-metadata-value";
    public const string DaprSecretInText = "dapr-secret-in-text";
    public const string DaprKeyPrefix = "dapr-key-prefix";
    public const string DaprEntityManagement = "dapr-entity-management";
    public const string DaprIdentity = "dapr-identity";
    public const string DaprComponentName = "dapr-component-name";
    public const string DaprComponentTwice = "dapr-component-twice";
    public const string DaprComponentMissing = "dapr-component-missing";
    public const string DaprScopes = "dapr-scopes";
    public const string DaprUnknownApp = "dapr-unknown-app";
    public const string DaprUnknownTopic = "dapr-unknown-topic";
    public const string DaprPublishingScopes = "dapr-publishing-scopes";
    public const string DaprResiliency = "dapr-resiliency";
    public const string DaprRunFile = "dapr-run-file";
    public const string DaprRunPort = "dapr-run-port";
    public const string DaprStorageName = "dapr-storage-name";

    public const string AzdSchema = "azd-schema";
    public const string AzdInfraPath = "azd-infra-path";
    public const string AzdProjectPath = "azd-project-path";
    public const string AzdServiceTag = "azd-service-tag";
    public const string AzdEnvironmentTag = "azd-environment-tag";
    public const string AzdOutput = "azd-output";
    public const string AzdParameter = "azd-parameter";
    public const string AzdHook = "azd-hook";
    public const string AzdVariable = "azd-variable";

    public const string UnknownSetting = "unknown-setting";
    public const string MissingSetting = "missing-setting";

    public const string DockerImage = "docker-image";
    public const string DockerPort = "docker-port";
    public const string DockerUser = "docker-user";
    public const string DockerEntrypoint = "docker-entrypoint";
    public const string AzdParametersFile = "azd-parameters-file";

    public const string AcaExposedPortTwice = "aca-exposed-port-twice";
    public const string AcaExposedPort = "aca-exposed-port";
    public const string AcaIngress = "aca-ingress";
    public const string AcaPortMismatch = "aca-port-mismatch";
    public const string AcaTargetPort = "aca-target-port";
    public const string AcaDapr = "aca-dapr";
    public const string AcaProbe = "aca-probe";
    public const string AcaSize = "aca-size";
    public const string AcaSettingTwice = "aca-setting-twice";
    public const string AcaSecretRef = "aca-secret-ref";
    public const string AcaIdentity = "aca-identity";
    public const string AcaScale = "aca-scale";
    public const string AcaGrace = "aca-grace";
    public const string AcaRegistry = "aca-registry";
    public const string AcaPeer = "aca-peer";
    public const string AcaShard = "aca-shard";

    public const string RoleUnknown = "role-unknown";
    public const string RoleMissing = "role-missing";
    public const string RoleUnneeded = "role-unneeded";
    public const string RolePrincipalType = "role-principal-type";
    public const string RoleScope = "role-scope";
    public const string RoleName = "role-name";

    public const string StorageSharedKey = "storage-shared-key";
    public const string StoragePublicBlob = "storage-public-blob";
    public const string StorageTls = "storage-tls";
    public const string ServiceBusLocalAuth = "servicebus-local-auth";
    public const string ServiceBusTls = "servicebus-tls";
    public const string ServiceBusTier = "servicebus-tier";
    public const string VaultRbac = "vault-rbac";
    public const string VaultSoftDelete = "vault-soft-delete";
    public const string VaultPurgeProtection = "vault-purge-protection";
    public const string RegistryAdminUser = "registry-admin-user";
    public const string RegistryTier = "registry-tier";
    public const string LogsLocalAuth = "logs-local-auth";
    public const string EnvironmentLogs = "environment-logs";
    public const string EnvironmentNetwork = "environment-network";
    public const string VmPassword = "vm-password";

    public const string SubnetSize = "subnet-size";
    public const string SubnetDelegation = "subnet-delegation";
    public const string SubnetRange = "subnet-range";
    public const string SubnetUnknown = "subnet-unknown";
    public const string NetworkOverlap = "network-overlap";
    public const string NsgOpen = "nsg-open";
    public const string NsgPriority = "nsg-priority";
    public const string NsgMissing = "nsg-missing";
    public const string LbReference = "lb-reference";
    public const string LbProbe = "lb-probe";
    public const string LbPort = "lb-port";
    public const string LbSku = "lb-sku";
    public const string FrontDoorOrigin = "frontdoor-origin";
    public const string FrontDoorHttps = "frontdoor-https";
    public const string FrontDoorProbe = "frontdoor-probe";
    public const string FrontDoorRoute = "frontdoor-route";

    public const string Choice = "choice";
    public const string FleetAgreement = "fleet-agreement";
    public const string UnusedOutput = "unused-output";
}
