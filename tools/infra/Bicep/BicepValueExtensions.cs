
namespace Dapr.Voice.Infra.Bicep;

/// <summary>Reads resolved values without exceptions. A value that is absent, not known yet or of another kind is null or empty.</summary>
internal static class BicepValueExtensions
{
    public static string? Text(this BicepValue? value) => (value as BicepString)?.Value;

    public static long? Number(this BicepValue? value) => (value as BicepInteger)?.Value;

    public static bool? Flag(this BicepValue? value) => (value as BicepBoolean)?.Value;

    public static IEnumerable<BicepValue> Items(this BicepValue? value) => (value as BicepArray)?.Items ?? [];

    public static IEnumerable<BicepObject> Objects(this BicepValue? value) => value.Items().OfType<BicepObject>();

    public static BicepValue? At(this BicepValue? value, string path) => (value as BicepObject)?.At(path);

    /// <summary>Returns the place of the value or, if there is no value, the place of its owner.</summary>
    public static Place Or(this BicepValue? value, Place owner) => value is null ? owner : value.Where;

    public static bool IsType(this ResolvedResource resource, string type)
        => string.Equals(resource.Type, type, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns every value in the tree, the root first.</summary>
    public static IEnumerable<BicepValue> Descend(this BicepValue value)
    {
        yield return value;
        IEnumerable<BicepValue> below = value switch
        {
            BicepObject node => node.Properties.Select(p => p.Value),
            BicepArray array => array.Items,
            BicepRuntime runtime => runtime.Parts,
            _ => [],
        };
        foreach (BicepValue? item in below.SelectMany(Descend)) yield return item;
    }
}
