using Dapr.Voice.Infra.Bicep.Checking;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Functions over objects, and those that read files.</summary>
internal static class ObjectFunctions
{
    /// <summary>Bicep's limit for loadTextContent(), in characters; we take it in bytes.</summary>
    private const int MaximumContentBytes = 131_072;

    private static readonly BicepType S = BicepType.Text, Any = BicepType.Anything, A = BicepType.List, O = BicepType.Map;

    private static readonly BicepType Lambda = new BicepType.Lambda(Any);

    public static readonly IReadOnlyList<Function> All =
    [
        FunctionTable.Make("any", Any, [Any], c => c[0]),
        FunctionTable.Make("items", t => new BicepType.Array(new BicepType.Object(null, [new("key", S), new("value", t[0].Resolved is BicepType.Object { Members: [], Additional: { } value } ? value : Any)], null)), [O],
            // In ARM sorted by key; the result is relied upon to be the same each time.
            c => c.Array([.. c.Object(0).Properties.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => c.Object([new BicepProperty("key", new BicepString(p.Where, p.Name), p.Where), new BicepProperty("value", p.Value, p.Where)]))])),
        FunctionTable.Make("objectKeys", new BicepType.Array(S), [O], c => c.Array([.. c.Object(0).Properties.Select(p => p.Name).Order(StringComparer.Ordinal).Select(c.String)])),
        FunctionTable.Make("shallowMerge", O, [A], c => c.Items(0).Aggregate(c.Object([]), (sum, next) => next is BicepObject map
            ? sum with { Properties = [.. sum.Properties.Where(p => map.Find(p.Name) is null), .. map.Properties] }
            : throw c.Fail("BCP070", "shallowMerge() takes an array of objects."))),
        FunctionTable.Make("toObject", O, [A, Lambda, Lambda], ToObject, required: 2),
        FunctionTable.Make("mapValues", O, [O, Lambda], c => c.Object([.. c.Object(0).Properties.Select(p => p with { Value = c.Invoke(c.Lambda(1), p.Value) })])),
        FunctionTable.Make("groupBy", O, [A, Lambda], c => c.Object([.. c.Items(0).GroupBy(i => c.Invoke(c.Lambda(1), i) is BicepString key ? key.Value : throw c.Fail("BCP070", "The lambda of groupBy() must give a string."))
            .Select(g => new BicepProperty(g.Key, c.Array([.. g]), c.Where))])),
        FunctionTable.Make("nameof", S, [Any], c => c.String("")),
        FunctionTable.Make("loadTextContent", S, [S, S], c => c.String(c.Evaluator.ReadText(c, MaximumContentBytes)), required: 1) with { Literals = [0, 1] },
        FunctionTable.Make("loadFileAsBase64", S, [S], c => c.String(Convert.ToBase64String(c.Evaluator.ReadBytes(c, MaximumContentBytes * 3 / 4)))) with { Literals = [0] },
        FunctionTable.Make("loadJsonContent", Any, [S, S, S], c => c.Count > 1
            ? throw c.Fail(Syntax.Rules.NotSupported, "loadJsonContent() with a path inside of the file is not supported by our reader.")
            : c.Evaluator.ParseJson(c.Where, c.Evaluator.ReadText(c, 1 << 20)), required: 1) with { Literals = [0, 1, 2] },
    ];

    private static BicepValue ToObject(FunctionCall c)
    {
        List<BicepProperty> properties = [];
        foreach (var item in c.Items(0))
        {
            var key = c.Invoke(c.Lambda(1), item);
            if (key is BicepRuntime) return c.Runtime(BicepTypeHint.Object);
            if (key is not BicepString name) throw c.Fail("BCP070", "The first lambda of toObject() must give a string.");
            var value = c.Count > 2 ? c.Invoke(c.Lambda(2), item) : item;
            properties.RemoveAll(p => string.Equals(p.Name, name.Value, StringComparison.OrdinalIgnoreCase));
            properties.Add(new BicepProperty(name.Value, value, key.Where));
            c.Evaluator.Work(c.Where, properties.Count);
        }
        return c.Object(properties);
    }
}
