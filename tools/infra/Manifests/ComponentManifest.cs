using Dapr.Voice.Contracts;

namespace Dapr.Voice.Infra.Manifests;

/// <summary>
/// The Dapr components that our services name in code, who uses each, its type in Azure, and what its identity has to be allowed. What
/// templates and YAML declare is compared with this, so that leaving out a component, a scope, an identity or a role is a finding.
/// </summary>
/// <param name="Name">Name of the component (<see cref="ComponentNames"/>).</param>
/// <param name="AzureType">Type in Azure.</param>
/// <param name="Services">Services that use it: <c>signaling</c>, <c>relay</c>, <c>transceiver</c>.</param>
/// <param name="Role">Role that its identity needs (names of <see cref="RoleNames"/>).</param>
/// <param name="Target">Type of resource the role is needed on.</param>
/// <param name="IsBuddy">Points at the buddy region: only with two or more regions.</param>
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
