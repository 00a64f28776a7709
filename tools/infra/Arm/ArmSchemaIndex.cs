using System.Text.Json;

namespace Dapr.Voice.Infra.Arm;

/// <summary>Resource types by name and API version, from the files in <c>Schemas/arm</c>. Read once for the process.</summary>
internal sealed class ArmSchemaIndex
{
    private readonly Dictionary<string, Dictionary<string, ArmType>> _types = new(StringComparer.OrdinalIgnoreCase);

    private static readonly Lazy<ArmSchemaIndex> Shared = new(() => new ArmSchemaIndex());

    private ArmSchemaIndex()
    {
        foreach (string path in EmbeddedSchemas.Under("arm/"))
        {
            using var stream = EmbeddedSchemas.Open(path);
            // The document stays alive with the index: schemas are read from it when first needed.
            var file = new SchemaFile(JsonDocument.Parse(stream).RootElement);
            foreach (var resource in file.Root.GetProperty("resources").EnumerateObject())
            {
                int at = resource.Name.IndexOf('@', StringComparison.Ordinal);
                string name = resource.Name[..at], version = resource.Name[(at + 1)..];
                if (!_types.TryGetValue(name, out var versions)) _types[name] = versions = new(StringComparer.OrdinalIgnoreCase);
                versions[version] = new ArmType(name, version, file.Read(resource.Value, isBody: true));
            }
        }
    }

    public static ArmSchemaIndex Instance => Shared.Value;

    /// <summary>Known versions of a type, newest first; empty: the type is not known.</summary>
    public IReadOnlyList<string> VersionsOf(string type)
        => _types.TryGetValue(type, out var versions) ? [.. versions.Keys.OrderDescending(StringComparer.Ordinal)] : [];

    public ArmType? Find(string type, string version) => _types.TryGetValue(type, out var versions) ? versions.GetValueOrDefault(version) : null;

    private sealed class SchemaFile(JsonElement root)
    {
        private readonly Dictionary<string, Lazy<ArmSchema>> _definitions = new(StringComparer.Ordinal);

        public JsonElement Root => root;

        public ArmSchema Read(JsonElement schema, bool isBody = false)
        {
            if (schema.TryGetProperty("ref", out var reference)) return Definition(reference.GetString()!).Value;
            if (schema.TryGetProperty("anyOf", out var any)) return new ArmSchema { Kind = ArmKind.OneOf, Forms = [.. any.EnumerateArray().Select(Later)] };
            if (schema.TryGetProperty("allOf", out var all)) return Merge([.. all.EnumerateArray().Select(e => Read(e))]);
            string? type = schema.TryGetProperty("type", out var kind) ? kind.GetString() : isBody || schema.TryGetProperty("properties", out _) ? "object" : null;
            return type switch
            {
                "object" => ReadObject(schema),
                "array" => new ArmSchema { Kind = ArmKind.Array, Items = schema.TryGetProperty("items", out var items) ? Later(items) : null },
                "string" => new ArmSchema
                {
                    Kind = ArmKind.String,
                    Words = schema.TryGetProperty("enum", out var words) ? [.. words.EnumerateArray().Select(w => w.GetString()!)] : [],
                    Pattern = schema.TryGetProperty("pattern", out var pattern) ? pattern.GetString() : null,
                    MinLength = Number(schema, "minLength"),
                    MaxLength = Number(schema, "maxLength"),
                },
                "integer" or "number" => new ArmSchema { Kind = ArmKind.Number, Minimum = Number(schema, "minimum"), Maximum = Number(schema, "maximum") },
                "boolean" => new ArmSchema { Kind = ArmKind.Boolean },
                _ => ArmSchema.Anything,
            };
        }

        private ArmSchema ReadObject(JsonElement schema)
        {
            var properties = new Dictionary<string, Lazy<ArmSchema>>(StringComparer.OrdinalIgnoreCase);
            if (schema.TryGetProperty("properties", out var given))
            {
                foreach (var property in given.EnumerateObject()) properties[property.Name] = Later(property.Value);
            }
            return new ArmSchema
            {
                Kind = ArmKind.Object,
                Properties = properties,
                Spellings = properties.Keys.ToHashSet(StringComparer.Ordinal),
                Required = schema.TryGetProperty("required", out var required) ? [.. required.EnumerateArray().Select(r => r.GetString()!)] : [],
                // An object without any property is free.
                Additional = schema.TryGetProperty("additionalProperties", out var additional) ? Later(additional) : properties.Count == 0 ? new Lazy<ArmSchema>(ArmSchema.Anything) : null,
            };
        }

        private static ArmSchema Merge(IReadOnlyList<ArmSchema> parts)
        {
            var properties = new Dictionary<string, Lazy<ArmSchema>>(StringComparer.OrdinalIgnoreCase);
            foreach (var part in parts)
            {
                foreach (var (name, schema) in part.Properties)
                {
                    // The part that says more wins: the other one only repeats the name.
                    if (!properties.TryGetValue(name, out var before) || before.Value.Kind == ArmKind.Any) properties[name] = schema;
                }
            }
            return new ArmSchema
            {
                Kind = ArmKind.Object,
                Properties = properties,
                Spellings = properties.Keys.ToHashSet(StringComparer.Ordinal),
                Required = [.. parts.SelectMany(p => p.Required).Distinct(StringComparer.Ordinal)],
                Additional = null,
            };
        }

        private Lazy<ArmSchema> Definition(string name)
        {
            if (!_definitions.TryGetValue(name, out var found)) _definitions[name] = found = Later(root.GetProperty("definitions").GetProperty(name));
            return found;
        }

        // Definitions refer to each other in circles, so nothing is read before it is needed.
        private Lazy<ArmSchema> Later(JsonElement schema) => new(() => Read(schema));

        private static int? Number(JsonElement schema, string name) => schema.TryGetProperty(name, out var value) ? value.GetInt32() : null;
    }
}
