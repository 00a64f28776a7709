namespace Dapr.Voice.Infra.Bicep.Checking;

/// <summary>The name that was probably meant.</summary>
internal static class Suggest
{
    /// <summary><c> Did you mean 'x'?</c>, or nothing.</summary>
    public static string Text(string written, IEnumerable<string> known)
    {
        var best = known.Where(k => Math.Abs(k.Length - written.Length) <= 3).Take(500).Select(k => (Name: k, Distance: Distance(written.ToLowerInvariant(), k.ToLowerInvariant()))).OrderBy(x => x.Distance).FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(1, written.Length / 3) ? $" Did you mean '{best.Name}'?" : "";
    }

    private static int Distance(string a, string b)
    {
        if (a.Length > 64 || b.Length > 64) return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}
