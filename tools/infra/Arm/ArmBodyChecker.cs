using System.Text.RegularExpressions;
using Dapr.Voice.Infra.Bicep;

namespace Dapr.Voice.Infra.Arm;

/// <summary>
/// A resolved resource against the schema of its type and version. What only the deployment knows passes if its kind fits. A name that the schema spells
/// in other letters is a finding as well: ARM forgives it, the tools around it do not.
/// </summary>
internal static class ArmBodyChecker
{
    private static readonly TimeSpan PatternLimit = TimeSpan.FromSeconds(10);

    public static void Check(ResolvedResource resource, ICollection<Finding> findings)
    {
        var index = ArmSchemaIndex.Instance;
        var versions = index.VersionsOf(resource.Type);
        if (versions.Count == 0)
        {
            findings.Add(Finding.At(resource.Where, RuleIds.ArmUnknownType, Severity.Error, $"There is no schema of the type '{resource.Type}': misspelt, or to be added to tools/infra/Schemas."));
            return;
        }
        if (index.Find(resource.Type, resource.ApiVersion) is not { } type)
        {
            findings.Add(Finding.At(resource.Where, RuleIds.ArmUnknownVersion, Severity.Error, $"'{resource.Type}' has no version '{resource.ApiVersion}' here; known: {string.Join(", ", versions)}."));
            return;
        }
        if (resource.IsExisting) return;
        foreach (var property in resource.Body.Properties)
        {
            if (property.Value is BicepNull) continue;
            if (!type.Body.Properties.TryGetValue(property.Name, out var schema)) Unknown(property, resource.Type, type.Body, findings);
            // A child's name is checked against the whole name's pattern in the data, so names have rules of their own (docs/infra-checks.md).
            else if (!string.Equals(property.Name, "name", StringComparison.OrdinalIgnoreCase)) CheckProperty(property, type.Body, schema.Value, resource.Type, findings);
        }
        foreach (string required in type.Body.Required)
        {
            if (Has(resource.Body, required)) continue;
            // Templates of old had to write an empty 'properties'; Bicep need not, so only what has to be in there counts.
            if (required == "properties" && type.Body.Properties[required].Value is { Required.Count: 0 }) continue;
            findings.Add(Finding.At(resource.Where, RuleIds.ArmMissingProperty, Severity.Error, $"'{resource.Type}' needs '{required}'."));
        }
        bool isTracked = type.Body.Properties.ContainsKey("location") && type.Body.Properties.ContainsKey("tags");
        if (isTracked && !type.Body.Required.Contains("location") && !Has(resource.Body, "location"))
            findings.Add(Finding.At(resource.Where, RuleIds.ArmMissingProperty, Severity.Error, $"'{resource.Type}' needs 'location'."));
    }

    private static void CheckProperty(BicepProperty property, ArmSchema owner, ArmSchema schema, string path, ICollection<Finding> findings)
    {
        if (!owner.Spellings.Contains(property.Name))
        {
            string right = owner.Spellings.First(s => string.Equals(s, property.Name, StringComparison.OrdinalIgnoreCase));
            findings.Add(Finding.At(property.Where, RuleIds.ArmPropertyCase, Severity.Warning, $"'{property.Name}' is spelt '{right}'."));
        }
        Check(property.Value, schema, $"{path}.{property.Name}", property.Where, findings);
    }

    private static void Check(BicepValue value, ArmSchema schema, string path, SourceSpan near, ICollection<Finding> findings)
    {
        var where = value.Where.Line > 0 ? value.Where : near;
        switch (schema.Kind)
        {
            case ArmKind.Object when value is BicepObject body: CheckObject(body, schema, path, findings); return;
            case ArmKind.Array when value is BicepArray array:
                if (schema.Items is { } items)
                {
                    for (int i = 0; i < array.Items.Count; i++) Check(array.Items[i], items.Value, $"{path}[{i}]", where, findings);
                }
                return;
            case ArmKind.String when value is BicepString text: CheckText(text, schema, path, where, findings); return;
            case ArmKind.Number when value is BicepInteger number:
                if (number.Value < schema.Minimum || number.Value > schema.Maximum)
                    findings.Add(Finding.At(where, RuleIds.ArmOutOfRange, Severity.Error, $"{path} is {number.Value}, allowed is {schema.Minimum?.ToString() ?? "…"} to {schema.Maximum?.ToString() ?? "…"}."));
                return;
            case ArmKind.Number when value is BicepNumber: return;
            case ArmKind.Boolean when value is BicepBoolean: return;
            case ArmKind.OneOf: CheckForms(value, schema, path, where, findings); return;
            case ArmKind.Any: return;
        }
        if (value is BicepNull || (value is BicepRuntime && Fits(value.Type, schema.Kind))) return;
        findings.Add(Finding.At(where, RuleIds.ArmWrongType, Severity.Error, $"{path} is {Article(value.Type)}, it has to be {Article(schema.Kind)}."));
    }

    private static void CheckObject(BicepObject body, ArmSchema schema, string path, ICollection<Finding> findings)
    {
        foreach (var property in body.Properties)
        {
            if (property.Value is BicepNull) continue;
            if (schema.Properties.TryGetValue(property.Name, out var known)) CheckProperty(property, schema, known.Value, path, findings);
            else if (schema.Additional is { } additional) Check(property.Value, additional.Value, $"{path}.{property.Name}", property.Where, findings);
            else Unknown(property, path, schema, findings);
        }
        foreach (string required in schema.Required)
        {
            if (!Has(body, required)) findings.Add(Finding.At(body.Where, RuleIds.ArmMissingProperty, Severity.Error, $"{path} needs '{required}'."));
        }
    }

    private static void CheckText(BicepString text, ArmSchema schema, string path, SourceSpan where, ICollection<Finding> findings)
    {
        if (schema.Words.Count > 0 && !schema.Words.Contains(text.Value))
        {
            findings.Add(Finding.At(where, RuleIds.ArmWrongEnum, Severity.Error, $"{path} is '{text.Value}', allowed is one of {string.Join(", ", schema.Words)}."));
            return;
        }
        bool isTooShort = text.Value.Length < schema.MinLength, isTooLong = text.Value.Length > schema.MaxLength;
        if (isTooShort || isTooLong || (schema.Pattern is { } pattern && !Regex.IsMatch(text.Value, pattern, RegexOptions.None, PatternLimit)))
            findings.Add(Finding.At(where, RuleIds.ArmOutOfRange, Severity.Error, $"{path} is '{text.Value}', which has not the form that the schema asks for."));
    }

    /// <summary>The form is the one whose single-word properties (<c>type: 'Periodic'</c>) the value carries.</summary>
    private static void CheckForms(BicepValue value, ArmSchema schema, string path, SourceSpan where, ICollection<Finding> findings)
    {
        if (value is not BicepObject body || schema.Forms.All(f => f.Value.Kind != ArmKind.Object)) return;
        foreach (var form in schema.Forms)
        {
            bool isThis = form.Value.Properties.Where(p => p.Value.Value.Words.Count == 1).All(p => body[p.Key] is BicepString s && s.Value == p.Value.Value.Words[0]);
            if (!isThis) continue;
            CheckObject(body, form.Value, path, findings);
            return;
        }
        findings.Add(Finding.At(where, RuleIds.ArmWrongEnum, Severity.Error, $"{path} has none of the forms that the schema knows."));
    }

    private static void Unknown(BicepProperty property, string path, ArmSchema schema, ICollection<Finding> findings)
    {
        if (ReadOnlyProperties.Contains(property.Name))
        {
            findings.Add(Finding.At(property.Where, RuleIds.ArmReadOnlyProperty, Severity.Error, $"{path}.{property.Name} is set by the service and can't be written."));
            return;
        }
        string? near = schema.Spellings.FirstOrDefault(s => Distance(s, property.Name) <= 2);
        findings.Add(Finding.At(property.Where, RuleIds.ArmUnknownProperty, Severity.Error, $"{path} has no property '{property.Name}'{(near is null ? "" : $"; is it '{near}'?")}."));
    }

    private static bool Has(BicepObject body, string name) => body[name] is { } value and not BicepNull;

    private static bool Fits(BicepTypeHint hint, ArmKind kind) => hint == BicepTypeHint.Any || (hint, kind) is
        (BicepTypeHint.String, ArmKind.String) or (BicepTypeHint.Integer or BicepTypeHint.Number, ArmKind.Number) or (BicepTypeHint.Boolean, ArmKind.Boolean) or
        (BicepTypeHint.Array, ArmKind.Array) or (BicepTypeHint.Object, ArmKind.Object);

    private static string Article(object kind) => kind.ToString() switch
    {
        "Array" => "an array",
        "Object" => "an object",
        "Integer" => "an integer",
        string other => $"a {other.ToLowerInvariant()}",
        null => "nothing",
    };

    /// <summary>Edits between two names, to guess what was meant.</summary>
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 2) return 3;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? diagonal : diagonal + 1;
                diagonal = row[j];
                row[j] = Math.Min(cost, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }
}
