namespace Dapr.Voice.Infra.Manifests;

/// <summary>
/// Azure's built-in roles that we assign, with the ids that Azure publishes. The ids are the same in every tenant. A role that is not in
/// the list is a finding, because a reader cannot know the meaning of an id.
/// </summary>
internal static class RoleNames
{
    public const string AcrPull = "AcrPull";
    public const string ServiceBusReceiver = "Azure Service Bus Data Receiver";
    public const string ServiceBusSender = "Azure Service Bus Data Sender";
    public const string VaultSecretsOfficer = "Key Vault Secrets Officer";
    public const string VaultSecretsUser = "Key Vault Secrets User";
    public const string BlobContributor = "Storage Blob Data Contributor";
    public const string TableContributor = "Storage Table Data Contributor";
    public const string TableReader = "Storage Table Data Reader";

    public static readonly IReadOnlyDictionary<string, string> ById = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["7f951dda-4ed3-4680-a7ca-43fe172d538d"] = AcrPull,
        ["4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"] = ServiceBusReceiver,
        ["69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"] = ServiceBusSender,
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = VaultSecretsOfficer,
        ["4633458b-17de-408a-b874-0445c86b69e6"] = VaultSecretsUser,
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = BlobContributor,
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = TableContributor,
        ["76199698-9eea-4c19-bc75-cec21354c6b6"] = TableReader,
    };
}
