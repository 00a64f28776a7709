using Dapr.Voice.Contracts;

namespace Dapr.Voice.Infra.Manifests;

/// <summary>
/// A Dapr component that our services name in code: which services use it, its type in Azure, and the role that its identity needs. The
/// templates and YAML files are compared with this, so that a missing component, scope, identity or role is a finding.
/// </summary>
/// <param name="Name">The name of the component (<see cref="ComponentNames"/>).</param>
/// <param name="AzureType">Its type in Azure.</param>
/// <param name="Services">The services that use it: <c>signaling</c>, <c>relay</c>, <c>transceiver</c>.</param>
/// <param name="Role">The role that its identity needs (a name of <see cref="RoleNames"/>).</param>
/// <param name="Target">The type of the resource on which the role is needed.</param>
/// <param name="IsBuddy">It points to the buddy region, so it exists only with two or more regions.</param>
internal sealed record ComponentManifest(
    string Name, string AzureType, IReadOnlyList<string> Services, string Role, string Target, bool IsBuddy = false)
{
    private const string Account = "Microsoft.Storage/storageAccounts";

    public static readonly IReadOnlyList<ComponentManifest> All =
    [
        new(ComponentNames.Sessions, "state.azure.tablestorage", ["signaling", "relay", "transceiver"], RoleNames.TableContributor,
            Account),
        new(ComponentNames.Checkpoints, "state.azure.blobstorage", ["transceiver"], RoleNames.BlobContributor, Account),
        new(ComponentNames.Sessions + "-buddy", "state.azure.tablestorage", ["transceiver"], RoleNames.TableContributor, Account,
            IsBuddy: true),
        new(ComponentNames.Checkpoints + "-buddy", "state.azure.blobstorage", ["transceiver"], RoleNames.BlobContributor, Account,
            IsBuddy: true),
        new(ComponentNames.Lifecycle, "pubsub.azure.servicebus.topics", ["signaling", "transceiver"], RoleNames.ServiceBusSender,
            "Microsoft.ServiceBus/namespaces"),
        new(ComponentNames.Secrets, "secretstores.azure.keyvault", ["signaling", "relay", "transceiver"], RoleNames.VaultSecretsUser,
            "Microsoft.KeyVault/vaults"),
    ];

    /// <summary>
    /// The components of a Container Apps environment. A component has one identity, and each service its own, so that each service has
    /// components of its own for state and secrets: the relay's is <c>sessions-relay</c> (<c>VOICE_COMPONENT_SUFFIX</c>).
    /// </summary>
    public static readonly IReadOnlyList<ComponentManifest> InContainerApps =
    [
        .. All.Where(c => c.Name != ComponentNames.Lifecycle).SelectMany(c => c.Services.Select(c.Of)),
        All.Single(c => c.Name == ComponentNames.Lifecycle),
    ];

    public static readonly IReadOnlySet<string> Names = All.Concat(InContainerApps).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);

    /// <summary>The name in code and in <c>components/</c>. It differs from <see cref="Name"/> for a component of one service.</summary>
    public string NameInCode { get; private init; } = Name;

    /// <summary>
    /// The secrets that an identity may read (libs/Hosting, FleetSecrets). Empty for a component of several services, whose identity has
    /// its role on the vault.
    /// </summary>
    public IReadOnlyList<string> Secrets { get; private init; } = [];

    public static ComponentManifest? Find(string name) => All.Concat(InContainerApps).FirstOrDefault(c => c.Name == name);

    /// <summary>Returns the secrets that a service reads.</summary>
    public static IReadOnlyList<string> SecretsOf(string service) => service switch
    {
        "signaling" => [SecretNames.HintKeys, SecretNames.PasswordKeys, SecretNames.TokenKeys, SecretNames.ApiKeys],
        "relay" => [SecretNames.HintKeys, SecretNames.PasswordKeys, SecretNames.LinkKey],
        "transceiver" => [SecretNames.HintKeys, SecretNames.PasswordKeys, SecretNames.LinkKey, SecretNames.DtlsCertificate],
        _ => [],
    };

    public bool IsUsedBy(string app) => AppNames.ServiceOf(app) is { } service && Services.Contains(service);

    private ComponentManifest Of(string service) => this with
    {
        Name = $"{Name}-{service}",
        NameInCode = Name,
        Services = [service],
        // The relay looks for transceivers and writes nothing.
        Role = Role == RoleNames.TableContributor && service == AppIds.Relay ? RoleNames.TableReader : Role,
        Secrets = Role == RoleNames.VaultSecretsUser ? SecretsOf(service) : [],
    };
}
