using System.Collections;
using System.Text.Json;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>JSON, and the values that callers pass, to Bicep values.</summary>
internal static class JsonValues
{
    public static BicepValue From(SourceSpan where, JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => new BicepString(where, element.GetString()!),
        JsonValueKind.Number when element.TryGetInt64(out long number) => new BicepInteger(where, number),
        JsonValueKind.Number when element.TryGetDecimal(out decimal number) => new BicepNumber(where, number),
        JsonValueKind.True or JsonValueKind.False => new BicepBoolean(where, element.GetBoolean()),
        JsonValueKind.Array => new BicepArray(where, [.. element.EnumerateArray().Select(e => From(where, e))]),
        JsonValueKind.Object => new BicepObject(where, [.. element.EnumerateObject().Select(p => new BicepProperty(p.Name, From(where, p.Value), where))]),
        _ => new BicepNull(where),
    };

    /// <exception cref="ArgumentException">A value of a type that no parameter can have.</exception>
    public static BicepValue From(SourceSpan where, object? value) => value switch
    {
        null => new BicepNull(where),
        BicepValue ready => ready,
        string text => new BicepString(where, text),
        bool truth => new BicepBoolean(where, truth),
        int or long or short or byte => new BicepInteger(where, Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture)),
        decimal number => new BicepNumber(where, number),
        double number => new BicepNumber(where, (decimal)number),
        JsonElement element => From(where, element),
        System.Text.Json.Nodes.JsonNode node => From(where, JsonSerializer.SerializeToElement(node)),
        IReadOnlyDictionary<string, object?> map => new BicepObject(where, [.. map.Select(p => new BicepProperty(p.Key, From(where, p.Value), where))]),
        IEnumerable list => new BicepArray(where, [.. list.Cast<object?>().Select(i => From(where, i))]),
        _ => throw new ArgumentException($"A parameter can't be a {value.GetType().Name}.", nameof(value)),
    };
}
