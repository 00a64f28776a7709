using System.Reflection;

namespace Dapr.Voice.Infra;

/// <summary>The schema files of <c>Schemas/</c>, by their path below it (<c>arm/Microsoft.App.ga.json</c>).</summary>
internal static class EmbeddedSchemas
{
    private static readonly Assembly Ours = typeof(EmbeddedSchemas).Assembly;

    public static IEnumerable<string> Under(string folder)
        => Ours.GetManifestResourceNames().Where(n => n.StartsWith(folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    public static bool Has(string path) => Ours.GetManifestResourceInfo(path) is not null;

    /// <exception cref="FileNotFoundException">The assembly does not contain this schema.</exception>
    public static Stream Open(string path)
        => Ours.GetManifestResourceStream(path) ?? throw new FileNotFoundException("No such schema in the assembly.", path);
}
