using System.Text.Json;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// What a deployment would create, read from a snapshot of the Bicep compiler (<see cref="BicepCompiler.Snapshot"/>). The rules, <c>./voice
/// deploy --what-if</c> and the tests use it.
/// </summary>
public sealed class Deployment
{
    /// <summary>In the order of the snapshot, which is the order in the templates.</summary>
    public required IReadOnlyList<ResolvedResource> Resources { get; init; }

    /// <summary>The outputs of main.bicep.</summary>
    public required IReadOnlyList<ResolvedOutput> Outputs { get; init; }

    /// <summary>Reads a snapshot. Throws a <see cref="JsonException"/> for any other text.</summary>
    public static Deployment Parse(string snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using var document = JsonDocument.Parse(snapshot);
        JsonElement root = document.RootElement;
        return new Deployment
        {
            Resources = [.. root.GetProperty("predictedResources").EnumerateArray().Select(Resource)],
            Outputs = [.. root.GetProperty("outputs").EnumerateObject()
                .Select(o => new ResolvedOutput(o.Name, Value(o.Value, new Place("main.bicep", 0, 0, $"output {o.Name}"))))],
        };
    }

    private static ResolvedResource Resource(JsonElement resource)
    {
        string id = resource.GetProperty("id").GetString()!, type = resource.GetProperty("type").GetString()!;
        var where = new Place(id, 0, 0, "");
        BicepValue name = Value(resource.GetProperty("name"), where.Property("name"));
        string? known = (name as BicepString)?.Value;
        // If the name of an extension is not known, its id is the function that makes the id: extensionResourceId(ON, TYPE, NAME).
        string? on = id.StartsWith('[') && ArmExpression.Parse(id[1..^1]) is ArmExpression.Call {
            Function: "extensionResourceId", Arguments: [ArmExpression.Literal target, ..] } ? target.Text : ExtendedBy(id, type);
        string plain = on ?? id;
        var body = (BicepObject)Value(resource, where);
        IEnumerable<BicepProperty> properties = body.Properties.Where(p => p.Name is not ("id" or "type" or "apiVersion" or "condition"))
            .Select(p => p.Name == "name" && known is not null ? p with { Value = new BicepString(name.Where, known.Split('/')[^1]) } : p);
        return new ResolvedResource(id, type, resource.TryGetProperty("apiVersion", out JsonElement version) ? version.GetString()! : "",
            known, body with { Properties = [.. properties] })
        {
            Scope = plain.IndexOf("/providers/", StringComparison.OrdinalIgnoreCase) is > 0 and var end ? plain[..end] : plain,
            NameValue = name,
            Parent = type.Count(c => c == '/') > 1 && id.Split('/') is { Length: > 2 } steps ? string.Join('/', steps[..^2]) : null,
            ScopeResource = on,
            Condition = resource.TryGetProperty("condition", out JsonElement condition) ? condition.ToString() : null,
        };
    }

    /// <summary>
    /// Returns the part of an extension's id before the extension's own provider.
    /// <c>…/managedEnvironments/cae/providers/Microsoft.Insights/diagnosticSettings/logs</c> extends the environment.
    /// </summary>
    private static string? ExtendedBy(string id, string type)
    {
        int own = id.LastIndexOf($"/providers/{type[..type.IndexOf('/', StringComparison.Ordinal)]}/", StringComparison.OrdinalIgnoreCase);
        return own > 0 && id.AsSpan(0, own).Contains("/providers/", StringComparison.OrdinalIgnoreCase) ? id[..own] : null;
    }

    private static BicepValue Value(JsonElement value, Place where) => value.ValueKind switch
    {
        JsonValueKind.Object => new BicepObject(
            where, [.. value.EnumerateObject().Select(p => new BicepProperty(p.Name, Value(p.Value, where.Property(p.Name))))]),
        JsonValueKind.Array => new BicepArray(where, [.. value.EnumerateArray().Select((item, i) => Value(item, where.Item(i)))]),
        JsonValueKind.String => Text(value.GetString()!, where),
        JsonValueKind.True or JsonValueKind.False => new BicepBoolean(where, value.GetBoolean()),
        JsonValueKind.Number => value.TryGetInt64(out long whole) ? new BicepInteger(where, whole)
            : new BicepNumber(where, value.GetDecimal()),
        _ => new BicepNull(where),
    };

    // As in a template, text in brackets is an expression, and a doubled bracket means a bracket.
    private static BicepValue Text(string text, Place where)
    {
        if (text.StartsWith("[[", StringComparison.Ordinal)) return new BicepString(where, text[1..]);
        if (!text.StartsWith('[') || !text.EndsWith(']')) return new BicepString(where, text);
        string expression = text[1..^1];
        return ArmExpression.Parse(expression) is not { } parsed
            ? new BicepRuntime(where, expression)
            : new BicepRuntime(where, expression) { References = [.. parsed.References().Distinct()], Parts = parsed.Parts(where) };
    }
}
