namespace Dapr.Voice.Infra.WhatIf;

/// <summary>
/// Azure's public regions by the name that templates use, as known when this was written. Not every region has every service that we use
/// (docs/runbooks/first-deployment.md says how to ask).
/// </summary>
public static class AzureRegions
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "australiacentral", "australiacentral2", "australiaeast", "australiasoutheast", "austriaeast", "belgiumcentral", "brazilsouth",
            "brazilsoutheast",
        "canadacentral", "canadaeast", "centralindia", "centralus", "chilecentral", "denmarkeast", "eastasia", "eastus", "eastus2",
            "francecentral", "francesouth", "germanynorth",
        "germanywestcentral", "indonesiacentral", "israelcentral", "italynorth", "japaneast", "japanwest", "koreacentral", "koreasouth",
            "malaysiawest", "mexicocentral",
        "newzealandnorth", "northcentralus", "northeurope", "norwayeast", "norwaywest", "polandcentral", "qatarcentral", "southafricanorth",
        "southafricawest", "southcentralus", "southeastasia", "southindia", "spaincentral", "swedencentral", "swedensouth",
            "switzerlandnorth",
        "switzerlandwest", "uaecentral", "uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope", "westindia", "westus", "westus2",
            "westus3",
    };

    public static IReadOnlyCollection<string> All => Names;

    public static bool IsKnown(string name) => Names.Contains(name);

    /// <summary>Returns up to three known names that are similar to a mistyped one, best first. Empty if none is similar.</summary>
    public static IReadOnlyList<string> Near(string name)
    {
        string plain = new([.. name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);
        return [.. Names.Select(n => (Name: n, Distance: Distance(plain, n))).Where(d => d.Distance <= 3).OrderBy(d => d.Distance)
            .ThenBy(d => d.Name, StringComparer.Ordinal).Take(3).Select(d => d.Name)];
    }

    /// <summary>The Levenshtein distance. Names are short, so it computes the whole table.</summary>
    private static int Distance(string a, string b)
    {
        if (a.Length > 64) return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}
