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

    public static readonly IReadOnlySet<string> Names = All.Select(c => c.Name).ToHashSet(StringComparer.Ordinal);

    public static ComponentManifest? Find(string name) => All.FirstOrDefault(c => c.Name == name);

    public bool IsUsedBy(string app) => AppNames.ServiceOf(app) is { } service && Services.Contains(service);
}
