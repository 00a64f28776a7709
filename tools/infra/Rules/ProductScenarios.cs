namespace Dapr.Voice.Infra.Rules;

/// <summary>The shapes in which the product is deployed and therefore checked.</summary>
public static class ProductScenarios
{
    private const string SomePrincipal = "00000000-0000-0000-0000-00000000000a";

    /// <summary>azd's own variables and nothing else: what <c>azd up</c> in an empty environment gives.</summary>
    public static readonly Scenario Plain = new("one region, aca-tcp", Environment(), new Dictionary<string, object?>(), 1, false);

    public static readonly IReadOnlyList<Scenario> All =
    [
        Plain,
    ];

    private static Dictionary<string, string> Environment() => new(StringComparer.Ordinal)
    {
        ["AZURE_ENV_NAME"] = "voice-check", ["AZURE_LOCATION"] = "westeurope", ["AZURE_PRINCIPAL_ID"] = SomePrincipal, ["AZURE_SUBSCRIPTION_ID"] = "00000000-0000-0000-0000-00000000000b",
    };
}
