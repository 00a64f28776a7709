using Dapr.Voice.Infra.Bicep.Checking;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Functions of the az namespace: ids, scopes, the cloud's own facts.</summary>
internal static class AzureFunctions
{
    private static readonly BicepType S = BicepType.Text;

    private static readonly BicepType.Object GroupShape = Shape("id", "name", "type", "location", "managedBy", "tags", "properties");

    private static readonly BicepType.Object SubscriptionShape = Shape("id", "subscriptionId", "tenantId", "displayName");

    private static readonly BicepType.Object NoShape = new("scope", [], null);

    public static readonly IReadOnlyList<Function> All =
    [
        Make("resourceId", S, [S], c => Id(c, onSubscription: false)),
        Make("subscriptionResourceId", S, [S], c => Id(c, onSubscription: true)),
        Make("tenantResourceId", S, [S], c => c.String("/providers/" + Segments(c, 0, [.. Enumerable.Range(0, c.Count).Select(c.Text)]))),
        Make("managementGroupResourceId", S, [S], c => throw c.Fail(Syntax.Rules.NotSupported, "managementGroupResourceId() is not supported by our reader.")),
        Make("extensionResourceId", S, [S], c => c.String($"{c.Text(0)}/providers/{Segments(c, 1, [.. Enumerable.Range(0, c.Count).Select(c.Text)])}")),
        Make("environment", new BicepType.Object("environment", [.. new[] { "name", "portal", "resourceManager", "graph", "graphAudience", "gallery", "batch", "media", "sqlManagement", "vmImageAliasDoc", "activeDirectoryDataLake" }.Select(n => new BicepType.Member(n, S)),
            new("authentication", BicepType.Map), new("suffixes", Shape("acrLoginServer", "azureDatalakeAnalyticsCatalogAndJob", "azureDatalakeStoreFileSystem", "azureFrontDoorEndpointSuffix", "keyvaultDns", "sqlServerHostname", "storage"))], null), [], Environment),
        Make("deployment", new BicepType.Object("deployment", [new("name", S), new("location", S), new("properties", BicepType.Anything)], null), [], Deployment),
        Make("resourceGroup", t => new BicepType.Scope(ScopeKind.ResourceGroup, t.Count == 0 ? GroupShape : NoShape), [S, S], ResourceGroup, required: 0),
        Make("subscription", t => new BicepType.Scope(ScopeKind.Subscription, t.Count == 0 ? SubscriptionShape : NoShape), [S], Subscription, required: 0),
        Make("managementGroup", _ => new BicepType.Scope(ScopeKind.ManagementGroup, NoShape), [S], c => new SymbolValue.OfScope(c.Where, new DeploymentScope(ScopeKind.ManagementGroup, null, c.Count > 0 ? c[0] : null), c.Object([])), required: 0),
        Make("tenant", _ => new BicepType.Scope(ScopeKind.Tenant, Shape("tenantId", "country", "countryCode", "displayName")), [], c => new SymbolValue.OfScope(c.Where, new DeploymentScope(ScopeKind.Tenant, null, null),
            c.Object([Property(c, "tenantId", c.String(DeploymentScope.TenantStandIn)), Property(c, "displayName", Later(c, "tenant().displayName"))]))),
    ];

    private static Function Make(string name, BicepType result, BicepType[] parameters, Func<FunctionCall, BicepValue> evaluate) => FunctionTable.Make(name, result, parameters, evaluate, variadic: parameters.Length > 0, space: "az");

    private static Function Make(string name, Func<IReadOnlyList<BicepType>, BicepType> result, BicepType[] parameters, Func<FunctionCall, BicepValue> evaluate, int? required = null)
        => FunctionTable.Make(name, result, parameters, evaluate, required, seesRuntime: true, space: "az");

    private static BicepType.Object Shape(params string[] names) => new(null, [.. names.Select(n => new BicepType.Member(n, n is "tags" or "properties" ? BicepType.Map : S))], null);

    private static BicepProperty Property(FunctionCall c, string name, BicepValue value) => new(name, value, c.Where);

    private static BicepRuntime Later(FunctionCall c, string text, BicepTypeHint hint = BicepTypeHint.String) => new(c.Where, hint, text);

    /// <summary><c>Type/child</c> and one name per segment behind the provider, from position <paramref name="from"/> on.</summary>
    private static string Segments(FunctionCall c, int from, string[] arguments)
    {
        string[] types = arguments[from].Split('/');
        string[] names = arguments[(from + 1)..];
        if (types.Length < 2 || names.Length != types.Length - 1) throw c.Fail("BCP070", $"'{arguments[from]}' needs {Math.Max(1, types.Length - 1)} names, not {names.Length}.");
        return types[0] + "/" + string.Join('/', types.Skip(1).Zip(names, (type, name) => $"{type}/{name}"));
    }

    private static BicepValue Id(FunctionCall c, bool onSubscription)
    {
        string[] arguments = [.. Enumerable.Range(0, c.Count).Select(c.Text)];
        int type = Array.FindIndex(arguments, a => a.Contains('/'));
        if (type < 0 || type > (onSubscription ? 1 : 2)) throw c.Fail("BCP070", "Expected a resource type, 'Provider/type'.");
        // resourceId(group, …) and resourceId(subscription, group, …)
        string subscription = (onSubscription && type == 1) || type == 2 ? arguments[0] : c.Module.Scope.SubscriptionId;
        string start = $"/subscriptions/{subscription}";
        if (!onSubscription)
        {
            string? group = type > 0 ? arguments[type - 1] : c.Module.Scope.Kind == ScopeKind.ResourceGroup ? c.Module.Scope.KnownName : "";
            if (group is null) return c.Runtime(BicepTypeHint.String);
            if (group.Length > 0) start += $"/resourceGroups/{group}";
        }
        return c.String($"{start}/providers/{Segments(c, type, arguments)}");
    }

    private static BicepValue ResourceGroup(FunctionCall c)
    {
        if (c.Count == 2) return new SymbolValue.OfScope(c.Where, new DeploymentScope(ScopeKind.ResourceGroup, SubscriptionOf(c, 0), c[1]), c.Object([]));
        if (c.Count == 1) return new SymbolValue.OfScope(c.Where, new DeploymentScope(ScopeKind.ResourceGroup, c.Module.Scope.Subscription, c[0]), c.Object([]));
        var scope = c.Module.Scope;
        if (scope.Kind != ScopeKind.ResourceGroup) throw c.Fail("BCP070", "resourceGroup() has no meaning here: the file's targetScope is no resource group.");
        BicepValue name = scope.Name ?? Later(c, "resourceGroup().name");
        return new SymbolValue.OfScope(c.Where, scope, c.Object(
        [
            Property(c, "id", scope.Id is { } id ? c.String(id) : Later(c, "resourceGroup().id")),
            Property(c, "name", name),
            Property(c, "type", c.String("Microsoft.Resources/resourceGroups")),
            Property(c, "location", c.Evaluator.LocationOf(scope) ?? Later(c, "resourceGroup().location")),
            Property(c, "managedBy", Later(c, "resourceGroup().managedBy")),
            Property(c, "tags", Later(c, "resourceGroup().tags", BicepTypeHint.Object)),
            Property(c, "properties", Later(c, "resourceGroup().properties", BicepTypeHint.Object)),
        ]));
    }

    private static string? SubscriptionOf(FunctionCall c, int index) => c[index] switch
    {
        BicepString { Value: DeploymentScope.SubscriptionStandIn } => null,
        BicepString text => text.Value,
        _ => "?",
    };

    private static BicepValue Subscription(FunctionCall c)
    {
        if (c.Count == 1) return new SymbolValue.OfScope(c.Where, new DeploymentScope(ScopeKind.Subscription, SubscriptionOf(c, 0), null), c.Object([]));
        string id = c.Module.Scope.SubscriptionId;
        return new SymbolValue.OfScope(c.Where, new DeploymentScope(ScopeKind.Subscription, c.Module.Scope.Subscription, null), c.Object(
        [
            Property(c, "id", c.String($"/subscriptions/{id}")),
            Property(c, "subscriptionId", c.String(id)),
            Property(c, "tenantId", c.String(DeploymentScope.TenantStandIn)),
            Property(c, "displayName", Later(c, "subscription().displayName")),
        ]));
    }

    private static BicepValue Deployment(FunctionCall c) => c.Object(
    [
        Property(c, "name", c.Module.DeploymentName),
        Property(c, "location", Later(c, "deployment().location")),
        Property(c, "properties", Later(c, "deployment().properties", BicepTypeHint.Object)),
    ]);

    /// <summary>The public cloud's values: another cloud's deployment reads its own.</summary>
    private static BicepValue Environment(FunctionCall c)
    {
        BicepProperty Text(string name, string value) => Property(c, name, c.String(value));
        return c.Object(
        [
            Text("name", "AzureCloud"),
            Text("portal", "https://portal.azure.com"),
            Text("resourceManager", "https://management.azure.com/"),
            Text("graph", "https://graph.windows.net/"),
            Text("gallery", "https://gallery.azure.com/"),
            Property(c, "authentication", c.Object([Text("loginEndpoint", "https://login.microsoftonline.com/"), Text("tenant", "common"), Text("identityProvider", "AAD"), Property(c, "audiences", c.Array([c.String("https://management.core.windows.net/"), c.String("https://management.azure.com/")]))])),
            Property(c, "suffixes", c.Object([Text("acrLoginServer", ".azurecr.io"), Text("keyvaultDns", ".vault.azure.net"), Text("sqlServerHostname", ".database.windows.net"), Text("storage", "core.windows.net"), Text("azureFrontDoorEndpointSuffix", "azurefd.net"), Text("azureDatalakeStoreFileSystem", "azuredatalakestore.net"), Text("azureDatalakeAnalyticsCatalogAndJob", "azuredatalakeanalytics.net")])),
            Text("batch", "https://batch.core.windows.net/"),
            Text("media", "https://rest.media.azure.net"),
            Text("sqlManagement", "https://management.core.windows.net:8443/"),
            Text("activeDirectoryDataLake", "https://datalake.azure.net/"),
            Text("graphAudience", "https://graph.windows.net/"),
            Text("vmImageAliasDoc", "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json"),
        ]);
    }
}
