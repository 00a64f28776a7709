using Dapr.Voice.Infra.Bicep.Checking;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>A place to deploy to. Null <paramref name="Subscription"/>: the one that the deployment runs in. <paramref name="Name"/> is the resource group's or management group's.</summary>
internal sealed record DeploymentScope(ScopeKind Kind, string? Subscription, BicepValue? Name)
{
    /// <summary>Stand-ins for what only a login knows; never a real subscription.</summary>
    public const string SubscriptionStandIn = "00000000-0000-0000-0000-000000000000";
    public const string TenantStandIn = "00000000-0000-0000-0000-000000000001";

    public string? KnownName => (Name as BicepString)?.Value;

    public string SubscriptionId => Subscription ?? SubscriptionStandIn;

    /// <summary>As <see cref="ResolvedResource.Scope"/> has it.</summary>
    public string Text => Kind switch
    {
        ScopeKind.Tenant => "tenant",
        ScopeKind.ManagementGroup => $"mg:{KnownName ?? "?"}",
        ScopeKind.Subscription => Subscription is null ? "sub" : $"sub:{Subscription}",
        _ => $"rg:{KnownName ?? "?"}{(Subscription is null ? "" : "@" + Subscription)}",
    };

    /// <summary>Start of every id below, without a slash at the end; null while the group's name is not known.</summary>
    public string? Id => Kind switch
    {
        ScopeKind.Tenant => "",
        ScopeKind.ManagementGroup => KnownName is null ? null : $"/providers/Microsoft.Management/managementGroups/{KnownName}",
        ScopeKind.Subscription => $"/subscriptions/{SubscriptionId}",
        _ => KnownName is null ? null : $"/subscriptions/{SubscriptionId}/resourceGroups/{KnownName}",
    };
}
