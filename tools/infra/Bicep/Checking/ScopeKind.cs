namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>Where a file's deployment runs.</summary>
internal enum ScopeKind
{
    ResourceGroup,
    Subscription,
    ManagementGroup,
    Tenant,
}
