namespace Dapr.Voice.Infra.Arm;

/// <summary>
/// Property names that the services answer with and take from nobody. The schema data leaves them out, so they are unknown there; this list only makes the
/// finding say what is wrong.
/// </summary>
internal static class ReadOnlyProperties
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "provisioningState", "resourceGuid", "systemData", "creationDate", "createdAt", "updatedAt", "statusOfPrimary", "primaryEndpoints", "secondaryEndpoints",
        "primaryLocation", "fqdn", "defaultDomain", "staticIp", "eventStreamEndpoint", "customDomainVerificationId", "latestRevisionName", "latestReadyRevisionName",
        "latestRevisionFqdn", "outboundIpAddresses", "runningStatus", "deploymentErrors", "principalId", "clientId", "loginServer", "status", "hostName",
        "frontDoorId", "customerId", "instrumentationKey", "connectionString", "serviceBusEndpoint", "metricId", "etag", "ipAddress", "instanceView", "uniqueId",
        "vmId", "timeCreated", "secretUri", "secretUriWithVersion", "lastModifiedTime", "hasImmutabilityPolicy", "hasLegalHold", "leaseState", "leaseStatus", "sizeInBytes",
        "subscriptionCount", "messageCount",
    };

    public static bool Contains(string name) => Names.Contains(name);
}
