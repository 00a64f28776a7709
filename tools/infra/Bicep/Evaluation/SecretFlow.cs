namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Where in a resource a secret may stand: everywhere else it can be read by whoever reads the resource.</summary>
internal static class SecretFlow
{
    /// <summary>Last names of properties that providers keep to themselves, on any resource.</summary>
    private static readonly HashSet<string> WriteOnly = new(StringComparer.OrdinalIgnoreCase)
    {
        "adminPassword", "customData", "userData", "password", "clientSecret", "protectedSettings", "sharedKey", "connectionString", "instrumentationKey", "workspaceKey", "storageAccountKey", "secureValue", "pfxBlob",
    };

    public static void Check(ResolvedResource resource, Evaluator evaluator)
    {
        if (Evaluator.SecretIn(resource.NameValue) is { } inName) evaluator.Report(resource.Where, "secret-in-name", $"A secret ({inName}) is part of the name of '{resource.Key}'.");
        foreach (var property in resource.Body.Properties.Where(p => p.Name != "name")) Walk(resource, property.Value, property.Name, property.Name, property.Where, evaluator);
    }

    private static void Walk(ResolvedResource resource, BicepValue value, string path, string name, SourceSpan where, Evaluator evaluator)
    {
        if (value.SecretSource is { } secret)
        {
            if (IsKept(resource.Type, path, name)) return;
            evaluator.Report(where, "secret-in-plain-sight", $"A secret ({secret}) goes into '{path}' of '{resource.Key}', where everyone who may read the resource reads it. Use a secret reference.");
            return;
        }
        switch (value)
        {
            case BicepObject map:
                foreach (var property in map.Properties) Walk(resource, property.Value, $"{path}.{property.Name}", property.Name, property.Where, evaluator);
                break;
            case BicepArray array:
                foreach (var item in array.Items) Walk(resource, item, path + "[]", name, item.Where.Line > 0 ? item.Where : where, evaluator);
                break;
        }
    }

    private static bool IsKept(string type, string path, string name)
    {
        if (WriteOnly.Contains(name)) return true;
        if (string.Equals(type, "Microsoft.KeyVault/vaults/secrets", StringComparison.OrdinalIgnoreCase)) return string.Equals(path, "properties.value", StringComparison.OrdinalIgnoreCase);
        // Container apps, jobs, and Dapr components keep theirs in lists called secrets.
        return path.EndsWith("secrets[].value", StringComparison.OrdinalIgnoreCase) || path.EndsWith("secrets.value", StringComparison.OrdinalIgnoreCase);
    }
}
