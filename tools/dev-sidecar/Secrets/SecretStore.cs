using System.Collections;
using System.Text.Json;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar.Secrets;

/// <summary>A secret store. Each call reads the values again, so a changed file is noticed. Any thread.</summary>
internal abstract class SecretStore
{
    public static SecretStore Create(ComponentSpec component) => component.Type switch
    {
        "secretstores.local.file" => new FileSecretStore(component),
        "secretstores.local.env" => new EnvironmentSecretStore(component.Find("prefix") ?? ""),
        _ => throw component.Source.Error($"'{component.Type}' is no secret store of the development sidecar."),
    };

    /// <returns>The values of one secret. Null if the store reports that there is none.</returns>
    public abstract IReadOnlyDictionary<string, string>? Get(string name);

    public abstract IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> All();

    /// <summary>A JSON file. Nested names are joined by a separator (":"). With <c>multiValued</c> there is one level of groups.</summary>
    private sealed class FileSecretStore : SecretStore
    {
        /// <summary>The longest secrets file that is read.</summary>
        private const int MaximumFileBytes = 4 * 1024 * 1024;

        private readonly ComponentSpec _component;
        private readonly string _file;
        private readonly string _separator;
        private readonly bool _isMultiValued;

        public FileSecretStore(ComponentSpec component)
        {
            _component = component;
            _file = component.Find("secretsFile")!;
            _separator = component.Find("nestedSeparator") is { Length: > 0 } separator ? separator : ":";
            _isMultiValued = string.Equals(component.Find("multiValued"), "true", StringComparison.OrdinalIgnoreCase);
        }

        public override IReadOnlyDictionary<string, string>? Get(string name) => Read().GetValueOrDefault(name);

        public override IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> All() => Read();

        private Dictionary<string, IReadOnlyDictionary<string, string>> Read()
        {
            if (!File.Exists(_file))
                throw _component.Source.Error(
                    $"the secrets file '{_file}' is not there (relative to {Directory.GetCurrentDirectory()}); './voice up' writes it, or "
                    + "correct secretsFile.");
            var secrets = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
            try
            {
                if (new FileInfo(_file).Length > MaximumFileBytes)
                    throw _component.Source.Error($"the secrets file '{_file}' is longer than {MaximumFileBytes} bytes.");
                using var document = JsonDocument.Parse(File.ReadAllBytes(_file),
                    new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
                if (document.RootElement.ValueKind != JsonValueKind.Object)
                    throw _component.Source.Error($"the secrets file '{_file}' must be one JSON object.");
                foreach (JsonProperty property in document.RootElement.EnumerateObject())
                {
                    if (_isMultiValued && property.Value.ValueKind == JsonValueKind.Object)
                    {
                        var group = new Dictionary<string, string>(StringComparer.Ordinal);
                        foreach (JsonProperty inner in property.Value.EnumerateObject())
                            Flatten(inner.Name, inner.Value, (name, value) => group[name] = value);
                        secrets[property.Name] = group;
                    }
                    else
                    {
                        Flatten(property.Name, property.Value, (name, value) =>
                            secrets[name] = new Dictionary<string, string> { [name] = value });
                    }
                }
            }
            catch (JsonException e)
            {
                // The message of the parser is left out, because it may quote a secret.
                throw new ResourceException($"{_file}:{(e.LineNumber ?? 0) + 1}: this is no JSON.");
            }
            return secrets;
        }

        private void Flatten(string name, JsonElement value, Action<string, string> add)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (JsonProperty inner in value.EnumerateObject()) Flatten(name + _separator + inner.Name, inner.Value, add);
                    break;
                case JsonValueKind.Array:
                    int index = 0;
                    foreach (JsonElement inner in value.EnumerateArray()) Flatten(name + _separator + index++, inner, add);
                    break;
                case JsonValueKind.String: add(name, value.GetString()!); break;
                case JsonValueKind.Null: break;
                default: add(name, value.GetRawText()); break;
            }
        }
    }

    /// <summary>
    /// The environment of this process. A variable that is not set has an empty value, and the sidecar's own tokens are never returned
    /// (recorded).
    /// </summary>
    private sealed class EnvironmentSecretStore(string prefix) : SecretStore
    {
        private static readonly HashSet<string> Own = new(StringComparer.OrdinalIgnoreCase) {
            "DAPR_API_TOKEN", "APP_API_TOKEN", "APP_API_TOKENS" };

        public override IReadOnlyDictionary<string, string> Get(string name)
            => new Dictionary<string, string> { [name] = Own.Contains(prefix + name) ? ""
            : Environment.GetEnvironmentVariable(prefix + name) ?? "" };

        public override IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> All()
        {
            var all = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
            foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
            {
                string key = (string)entry.Key;
                if (!key.StartsWith(prefix, StringComparison.Ordinal) || Own.Contains(key)) continue;
                string name = key[prefix.Length..];
                all[name] = new Dictionary<string, string> { [name] = (string?)entry.Value ?? "" };
            }
            return all;
        }
    }
}
