namespace Dapr.Voice.Infra;

/// <summary>Names of our rules, as they stand in findings and in tests/Infra/Broken. docs/infra-checks.md says what each is for.</summary>
public static class RuleIds
{
    public const string ArmUnknownType = "arm-unknown-type";
    public const string ArmUnknownVersion = "arm-unknown-version";
    public const string ArmUnknownProperty = "arm-unknown-property";
    public const string ArmReadOnlyProperty = "arm-read-only-property";
    public const string ArmMissingProperty = "arm-missing-property";
    public const string ArmPropertyCase = "arm-property-case";
    public const string ArmWrongType = "arm-wrong-type";
    public const string ArmWrongEnum = "arm-wrong-enum";
    public const string ArmOutOfRange = "arm-out-of-range";

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
}
