using Dapr.Voice.Infra.Bicep.Checking;
using Dapr.Voice.Infra.Bicep.Syntax;

namespace Dapr.Voice.Infra.Bicep.Evaluation;

/// <summary>Functions over arrays, and those that take a string, an array or an object alike.</summary>
internal static class ListFunctions
{
    /// <summary>ARM's own limit for range().</summary>
    private const long MaximumRange = 10_000;

    private static readonly BicepType S = BicepType.Text, I = BicepType.Number, B = BicepType.Truth, Any = BicepType.Anything, A = BicepType.List, O = BicepType.Map;

    private static readonly BicepType Text = new BicepType.Union([S, A]);

    private static readonly BicepType TextOrMap = new BicepType.Union([S, A, O]);

    private static readonly BicepType Lambda = new BicepType.Lambda(Any);

    public static readonly IReadOnlyList<Function> All =
    [
        FunctionTable.Make("array", A, [Any], c => c[0] is BicepArray array ? array : c.Array([c[0]])),
        FunctionTable.Make("concat", t => t.Count > 0 && t[0].Resolved is BicepType.String ? S : t.All(x => x.Resolved is BicepType.Array or BicepType.Tuple) ? new BicepType.Array(BicepType.UnionOf(t.Select(ItemOf))) : A, [new BicepType.Union([S, I, B, A])], Concat, variadic: true),
        FunctionTable.Make("contains", B, [TextOrMap, Any], Contains),
        FunctionTable.Make("empty", B, [new BicepType.Union([S, A, O, BicepType.Nothing])], c => c[0] switch
        {
            BicepString text => c.Boolean(text.Value.Length == 0),
            BicepArray array => c.Boolean(array.Items.Count == 0),
            BicepObject map => c.Boolean(map.Properties.Count == 0),
            BicepNull => c.Boolean(true),
            _ => throw c.Fail("BCP070", "empty() takes a string, an array or an object."),
        }),
        FunctionTable.Make("first", t => t[0].Resolved is BicepType.String ? S : ItemOf(t[0]), [Text], c => c[0] is BicepString text ? c.String(text.Value.Length == 0 ? "" : text.Value[..1]) : c.Items(0) is [var first, ..] ? first : c.Null()),
        FunctionTable.Make("last", t => t[0].Resolved is BicepType.String ? S : ItemOf(t[0]), [Text], c => c[0] is BicepString text ? c.String(text.Value.Length == 0 ? "" : text.Value[^1..]) : c.Items(0) is [.., var last] ? last : c.Null()),
        FunctionTable.Make("flatten", t => ItemOf(t[0]).Resolved is BicepType.Array inner ? inner : A, [A], c => c.Items(0).All(i => i is BicepArray)
            ? c.Array([.. c.Items(0).SelectMany(i => ((BicepArray)i).Items)])
            : c.Items(0).Any(i => i is BicepRuntime) ? c.Runtime(BicepTypeHint.Array) : throw c.Fail("BCP070", "flatten() takes an array of arrays.")),
        FunctionTable.Make("indexOf", I, [Text, Any], c => IndexOf(c, last: false)),
        FunctionTable.Make("lastIndexOf", I, [Text, Any], c => IndexOf(c, last: true)),
        FunctionTable.Make("intersection", t => t[0].Resolved is BicepType.Object ? O : A, [new BicepType.Union([A, O])], Intersection, variadic: true),
        FunctionTable.Make("union", Union, [new BicepType.Union([A, O])], Union, variadic: true),
        FunctionTable.Make("join", S, [A, S], c => c.Items(0).All(i => i.IsKnown)
            ? c.Evaluator.Bounded(c.Where, c.Items(0).Sum(i => (long)Evaluator.Display(i).Length + c.Text(1).Length), () => string.Join(c.Text(1), c.Items(0).Select(Evaluator.Display)))
            : c.Runtime(BicepTypeHint.String) with { Parts = [.. c.Items(0).SelectMany((item, i) => i == 0 ? [item] : new[] { c[1], item })] }),
        FunctionTable.Make("length", I, [TextOrMap], c => c[0] switch
        {
            BicepString text => c.Integer(text.Value.Length),
            BicepObject map => c.Integer(map.Properties.Count),
            SymbolValue.OfResources all => c.Integer(all.Instances.Count),
            SymbolValue.OfModules all => c.Integer(all.Calls.Count),
            _ => c.Integer(c.Items(0).Count),
        }, seesRuntime: false),
        FunctionTable.Make("max", I, [new BicepType.Union([I, A])], c => Extreme(c, largest: true), variadic: true),
        FunctionTable.Make("min", I, [new BicepType.Union([I, A])], c => Extreme(c, largest: false), variadic: true),
        FunctionTable.Make("range", new BicepType.Array(I), [I, I], Range),
        FunctionTable.Make("skip", t => t[0], [Text, I], c => c[0] is BicepString text ? c.String(text.Value[Clamp(c.Number(1), text.Value.Length)..]) : c.Array([.. c.Items(0).Skip(Clamp(c.Number(1), int.MaxValue))])),
        FunctionTable.Make("take", t => t[0].Resolved is BicepType.String ? S : t[0], [Text, I], c => c[0] is BicepString text ? c.String(text.Value[..Clamp(c.Number(1), text.Value.Length)]) : c.Array([.. c.Items(0).Take(Clamp(c.Number(1), int.MaxValue))])),
        FunctionTable.Make("map", t => new BicepType.Array(t[1] is BicepType.Lambda lambda ? lambda.Result : Any), [A, Lambda], c => c.Array([.. c.Items(0).Select((item, i) => Invoke(c, item, i))])),
        FunctionTable.Make("filter", t => new BicepType.Array(ItemOf(t[0])), [A, Lambda], Filter),
        FunctionTable.Make("reduce", Any, [A, Any, Lambda], c =>
        {
            var lambda = c.Lambda(2);
            var sum = c[1];
            for (int i = 0; i < c.Items(0).Count; i++) sum = lambda.Lambda.Parameters.Count > 2 ? c.Invoke(lambda, sum, c.Items(0)[i], c.Integer(i)) : c.Invoke(lambda, sum, c.Items(0)[i]);
            return sum;
        }),
    ];

    private static int Clamp(long count, int maximum) => (int)Math.Clamp(count, 0, maximum);

    private static BicepType ItemOf(BicepType type) => type.Resolved switch { BicepType.Array array => array.Item, BicepType.Tuple tuple => BicepType.UnionOf(tuple.Items), _ => Any };

    private static BicepValue Invoke(FunctionCall c, BicepValue item, int index)
    {
        var lambda = c.Lambda(1);
        return lambda.Lambda.Parameters.Count > 1 ? c.Invoke(lambda, item, c.Integer(index)) : c.Invoke(lambda, item);
    }

    private static BicepValue Filter(FunctionCall c)
    {
        List<BicepValue> kept = [];
        for (int i = 0; i < c.Items(0).Count; i++)
        {
            switch (Invoke(c, c.Items(0)[i], i))
            {
                case BicepBoolean { Value: true }: kept.Add(c.Items(0)[i]); break;
                case BicepBoolean: break;
                // How many there are is known to the deployment only.
                case BicepRuntime: return c.Runtime(BicepTypeHint.Array);
                default: throw c.Fail("BCP070", "The lambda of filter() must give a bool.");
            }
        }
        return c.Array(kept);
    }

    private static BicepValue Concat(FunctionCall c)
    {
        if (c[0] is BicepArray) return c.Array([.. Enumerable.Range(0, c.Count).SelectMany(c.Items)]);
        return c.Evaluator.Bounded(c.Where, c.Arguments.Sum(a => (long)Evaluator.Display(a).Length), () => string.Concat(c.Arguments.Select(Evaluator.Display)));
    }

    private static BicepValue Contains(FunctionCall c)
    {
        switch (c[0])
        {
            // As ARM has it: strings with regard to case, property names without.
            case BicepString text: return c.Boolean(text.Value.Contains(Evaluator.Display(c[1]), StringComparison.Ordinal));
            case BicepObject map: return c.Boolean(map.Find(c.Text(1)) is not null);
            case BicepArray array:
                if (array.Items.Any(i => i.SameAs(c[1]))) return c.Boolean(true);
                return array.IsKnown ? c.Boolean(false) : c.Runtime(BicepTypeHint.Boolean);
            default: throw c.Fail("BCP070", "contains() takes a string, an array or an object.");
        }
    }

    private static BicepValue IndexOf(FunctionCall c, bool last)
    {
        if (c[0] is BicepString text) return c.Integer(last ? text.Value.LastIndexOf(c.Text(1), StringComparison.OrdinalIgnoreCase) : text.Value.IndexOf(c.Text(1), StringComparison.OrdinalIgnoreCase));
        var items = c.Items(0);
        var found = Enumerable.Range(0, items.Count).Where(i => items[i].SameAs(c[1])).DefaultIfEmpty(-1);
        return c.Integer(last ? found.Last() : found.First());
    }

    private static BicepValue Intersection(FunctionCall c)
    {
        if (c[0] is BicepObject first) return c.Object([.. first.Properties.Where(p => c.Arguments.Skip(1).All(a => a is BicepObject other && other[p.Name]?.SameAs(p.Value) == true))]);
        var others = Enumerable.Range(1, c.Count - 1).Select(c.Items).ToArray();
        return c.Array(Distinct(c, c.Items(0).Where(i => others.All(o => o.Any(x => x.SameAs(i))))));
    }

    private static BicepType Union(IReadOnlyList<BicepType> types)
    {
        if (types.All(t => t.Resolved is BicepType.Array or BicepType.Tuple)) return new BicepType.Array(BicepType.UnionOf(types.Select(ItemOf)));
        return types.Any(t => t.Resolved is BicepType.Object) ? O : Any;
    }

    /// <summary>Arrays: items in order of appearance, each once. Objects: later ones win, objects inside of objects are merged, arrays inside are replaced.</summary>
    private static BicepValue Union(FunctionCall c)
    {
        if (c[0] is BicepArray) return c.Array(Distinct(c, Enumerable.Range(0, c.Count).SelectMany(c.Items)));
        var result = c.Object(0);
        for (int i = 1; i < c.Count; i++) result = Merge(result, c.Object(i));
        return result;
    }

    private static BicepObject Merge(BicepObject under, BicepObject over)
    {
        List<BicepProperty> properties = [.. under.Properties];
        foreach (var property in over.Properties)
        {
            int at = properties.FindIndex(p => string.Equals(p.Name, property.Name, StringComparison.OrdinalIgnoreCase));
            if (at < 0) properties.Add(property);
            else if (properties[at].Value is BicepObject below && property.Value is BicepObject above) properties[at] = properties[at] with { Value = Merge(below, above) };
            else properties[at] = property;
        }
        return under with { Properties = properties };
    }

    private static List<BicepValue> Distinct(FunctionCall c, IEnumerable<BicepValue> items)
    {
        List<BicepValue> distinct = [];
        foreach (var item in items)
        {
            // Pairwise, so the work is the square of the number.
            c.Evaluator.Work(c.Where, distinct.Count);
            if (!distinct.Any(d => d.SameAs(item))) distinct.Add(item);
        }
        return distinct;
    }

    private static BicepValue Extreme(FunctionCall c, bool largest)
    {
        var values = c[0] is BicepArray ? c.Items(0) : c.Arguments;
        if (values.Any(v => v is BicepRuntime)) return c.Runtime(BicepTypeHint.Integer);
        if (values.Count == 0 || values.Any(v => v is not BicepInteger)) throw c.Fail("BCP070", "min() and max() take integers, or one array of integers.");
        return c.Integer(largest ? values.Max(v => ((BicepInteger)v).Value) : values.Min(v => ((BicepInteger)v).Value));
    }

    private static BicepValue Range(FunctionCall c)
    {
        long start = c.Number(0), count = c.Number(1);
        if (count is < 0 or > MaximumRange) throw c.Fail("BCP070", $"range() counts from 0 to {MaximumRange}, not {count}.");
        if (start > int.MaxValue - count || start < int.MinValue) throw c.Fail("BCP070", "range() stays within 32 bits.");
        c.Evaluator.Work(c.Where, count);
        return c.Array([.. Enumerable.Range(0, (int)count).Select(i => (BicepValue)c.Integer(start + i))]);
    }
}
