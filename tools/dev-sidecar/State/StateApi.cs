using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Dapr.Voice.DevSidecar;

/// <summary><c>/v1.0/state/…</c> of one app id.</summary>
internal sealed class StateApi(string appId, SharedComponents components)
{
    /// <summary>Keys and operations in one request; the real sidecar has no limit but the 4 MiB.</summary>
    private const int MaximumItems = 10_000;

    private sealed class MalformedException(string message) : Exception(message);

    public async Task GetAsync(HttpContext context, string name, string key)
    {
        if (!await FindAsync(context, name, out var store, out var component, out var outage).ConfigureAwait(false)) return;
        if (!await CheckKeyAsync(context, key).ConfigureAwait(false)) return;
        if (await outage.FailsAsync(StoreCall.Read, context.RequestAborted).ConfigureAwait(false))
        {
            await Responses.Error(context, 500, "ERR_STATE_GET", $"fail to get {key} from state store {name}: the server is {outage.State}").ConfigureAwait(false);
            return;
        }
        var (found, failure) = store.Get(Prefixed(component, key));
        if (failure is not null)
        {
            await Responses.Error(context, 500, "ERR_STATE_GET", $"fail to get {key} from state store {name}: {failure.Message}").ConfigureAwait(false);
            return;
        }
        if (found is not { } value)
        {
            await Responses.Empty(context).ConfigureAwait(false);
            return;
        }
        context.Response.Headers.ETag = value.ETag;
        if (value.ExpiresAt is { } end) context.Response.Headers["metadata.ttlExpireTime"] = Time(end);
        await Responses.Json(context, 200, value.Value).ConfigureAwait(false);
    }

    public async Task SaveAsync(HttpContext context, string name)
    {
        if (!await FindAsync(context, name, out var store, out var component, out var outage).ConfigureAwait(false)) return;
        if (await ReadAsync(context).ConfigureAwait(false) is not { } body) return;
        List<StateRequest> requests;
        try
        {
            using var document = JsonDocument.Parse(body);
            requests = document.RootElement.ValueKind switch
            {
                JsonValueKind.Array => Items(document.RootElement).Select(item => ReadRequest(item, component, Responses.QueryMetadata(context))).ToList(),
                JsonValueKind.Null => [],
                _ => throw new MalformedException("the body must be a list of {key, value}"),
            };
        }
        catch (Exception e) when (e is JsonException or MalformedException)
        {
            await Responses.Error(context, 400, "ERR_MALFORMED_REQUEST", e.Message).ConfigureAwait(false);
            return;
        }
        if (requests.Count > 0 && await outage.FailsAsync(StoreCall.Write, context.RequestAborted).ConfigureAwait(false))
        {
            await Responses.Error(context, 500, "ERR_STATE_SAVE", $"failed saving state in state store {name}: the server is {outage.State}").ConfigureAwait(false);
            return;
        }

        // Not atomic: each item has its own fate, the answer is the worst of them that is an ETag's, as recorded.
        var failures = requests.Select(store.Save).OfType<StateFailure>().ToList();
        await AnswerAsync(context, failures, "ERR_STATE_SAVE", $"failed saving state in state store {name}").ConfigureAwait(false);
    }

    public async Task DeleteAsync(HttpContext context, string name, string key)
    {
        if (!await FindAsync(context, name, out var store, out var component, out var outage).ConfigureAwait(false)) return;
        if (!await CheckKeyAsync(context, key).ConfigureAwait(false)) return;
        if (await outage.FailsAsync(StoreCall.Write, context.RequestAborted).ConfigureAwait(false))
        {
            await Responses.Error(context, 500, "ERR_STATE_DELETE", $"failed deleting state with key {key}: the server is {outage.State}").ConfigureAwait(false);
            return;
        }
        string? etag = context.Request.Headers.IfMatch.FirstOrDefault();
        var request = new StateRequest(Prefixed(component, key), default, etag, context.Request.Query["concurrency"].FirstOrDefault(), context.Request.Query["consistency"].FirstOrDefault(), null);
        var failure = store.Delete(request);
        await AnswerAsync(context, failure is null ? [] : [failure], "ERR_STATE_DELETE", $"failed deleting state with key {key}").ConfigureAwait(false);
    }

    public async Task BulkAsync(HttpContext context, string name)
    {
        if (!await FindAsync(context, name, out var store, out var component, out var outage).ConfigureAwait(false)) return;
        if (await ReadAsync(context).ConfigureAwait(false) is not { } body) return;
        List<string> keys;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new MalformedException("the body must be an object with keys");
            keys = document.RootElement.TryGetProperty("keys", out var list) && list.ValueKind != JsonValueKind.Null
                ? Items(list).Select(k => k.ValueKind == JsonValueKind.String ? k.GetString()! : throw new MalformedException("a key must be a string")).ToList()
                : [];
            foreach (string key in keys) CheckKey(key);
        }
        catch (Exception e) when (e is JsonException or MalformedException)
        {
            await Responses.Error(context, 400, "ERR_MALFORMED_REQUEST", $"failed deserializing HTTP body: {e.Message}").ConfigureAwait(false);
            return;
        }
        if (keys.Count > 0 && await outage.FailsAsync(StoreCall.Read, context.RequestAborted).ConfigureAwait(false))
        {
            await Responses.Error(context, 500, "ERR_STATE_BULK_GET", $"failed reading from state store {name}: the server is {outage.State}").ConfigureAwait(false);
            return;
        }

        var answer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(answer))
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            writer.WriteStartArray();
            foreach (string key in keys)
            {
                writer.WriteStartObject();
                if (!seen.Add(key) && store.ReadsEachKeyOnce)
                {
                    writer.WriteString("key"u8, "");
                    writer.WriteEndObject();
                    continue;
                }
                writer.WriteString("key"u8, key);
                var (found, failure) = store.Get(Prefixed(component, key));
                if (failure is not null) writer.WriteString("error"u8, failure.Message);
                if (found is { } value)
                {
                    writer.WritePropertyName("data"u8);
                    writer.WriteRawValue(value.Value.Span, skipInputValidation: true);
                    writer.WriteString("etag"u8, value.ETag);
                    if (value.ExpiresAt is { } end)
                    {
                        writer.WriteStartObject("metadata"u8);
                        writer.WriteString("ttlExpireTime"u8, Time(end));
                        writer.WriteEndObject();
                    }
                }
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        await Responses.Json(context, 200, answer.WrittenMemory).ConfigureAwait(false);
    }

    public async Task TransactAsync(HttpContext context, string name)
    {
        if (!await FindAsync(context, name, out var store, out var component, out var outage).ConfigureAwait(false)) return;
        if (!store.HasTransactions)
        {
            await Responses.Error(context, 500, "ERR_STATE_STORE_NOT_SUPPORTED", $"state store {name} doesn't support transactions").ConfigureAwait(false);
            return;
        }
        if (await ReadAsync(context).ConfigureAwait(false) is not { } body) return;
        List<StateOperation> operations = [];
        string? unknown = null;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new MalformedException("the body must be an object with operations");
            if (document.RootElement.TryGetProperty("operations", out var list) && list.ValueKind != JsonValueKind.Null)
            {
                foreach (var item in Items(list))
                {
                    string? operation = Text(item, "operation");
                    if (operation is not ("upsert" or "delete"))
                    {
                        unknown ??= operation ?? "";
                        continue;
                    }
                    if (!item.TryGetProperty("request", out var request)) throw new MalformedException("an operation needs a request");
                    operations.Add(new StateOperation(operation == "delete", ReadRequest(request, component, [])));
                }
            }
        }
        catch (Exception e) when (e is JsonException or MalformedException)
        {
            await Responses.Error(context, 400, "ERR_MALFORMED_REQUEST", $"failed deserializing HTTP body: {e.Message}").ConfigureAwait(false);
            return;
        }
        if (unknown is not null)
        {
            await Responses.Error(context, 400, "ERR_NOT_SUPPORTED_STATE_OPERATION", $"operation type {unknown} not supported").ConfigureAwait(false);
            return;
        }
        bool fails = operations.Count > 0 && await outage.FailsAsync(StoreCall.Write, context.RequestAborted).ConfigureAwait(false);
        var failure = fails ? StateFailure.Error($"the server is {outage.State}") : store.Transact(operations);
        // Whatever the reason, an ETag included: 500.
        await (failure is null ? Responses.Empty(context) : Responses.Error(context, 500, "ERR_STATE_TRANSACTION", $"error while executing state transaction: {failure.Message}")).ConfigureAwait(false);
    }

    public async Task QueryAsync(HttpContext context, string name)
    {
        if (!await FindAsync(context, name, out var store, out _, out _).ConfigureAwait(false)) return;
        await Responses.Error(context, 500, store.QueryErrorCode, $"state store {name} does not support querying").ConfigureAwait(false);
    }

    private Task<bool> FindAsync(HttpContext context, string name, out StateStore store, out ComponentSpec component, out Outage outage)
    {
        if (components.TryGetState(name, appId, out store, out component, out outage)) return Task.FromResult(true);
        return components.HasAny("state", appId)
            ? Refuse(Responses.Error(context, 400, "ERR_STATE_STORE_NOT_FOUND", $"state store {name} is not found"))
            : Refuse(Responses.Error(context, 500, "ERR_STATE_STORE_NOT_CONFIGURED", "state store is not configured"));
    }

    private static async Task<bool> Refuse(Task answer)
    {
        await answer.ConfigureAwait(false);
        return false;
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context)
    {
        if (await Responses.ReadBodyAsync(context).ConfigureAwait(false) is { } body) return body;
        await Responses.Error(context, 400, "ERR_MALFORMED_REQUEST", "stream too large").ConfigureAwait(false);
        return null;
    }

    private static async Task<bool> CheckKeyAsync(HttpContext context, string key)
    {
        if (!key.Contains("||", StringComparison.Ordinal)) return true;
        await Responses.Error(context, 400, "ERR_MALFORMED_REQUEST", $"input key/keyPrefix '{key}' can't contain '||'").ConfigureAwait(false);
        return false;
    }

    private static void CheckKey(string key)
    {
        if (key.Length == 0) throw new MalformedException("\"key\" is a required field");
        if (key.Contains("||", StringComparison.Ordinal)) throw new MalformedException($"input key/keyPrefix '{key}' can't contain '||'");
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array) throw new MalformedException("a list is expected");
        return list.GetArrayLength() <= MaximumItems ? list.EnumerateArray() : throw new MalformedException($"the development sidecar takes at most {MaximumItems} items in one request");
    }

    private StateRequest ReadRequest(JsonElement item, ComponentSpec component, Dictionary<string, string> queryMetadata)
    {
        if (item.ValueKind != JsonValueKind.Object) throw new MalformedException("an item must be an object");
        string key = Text(item, "key") ?? "";
        CheckKey(key);
        ReadOnlyMemory<byte> value = item.TryGetProperty("value", out var json) ? System.Text.Encoding.UTF8.GetBytes(json.GetRawText()) : "null"u8.ToArray();
        string? timeToLive = queryMetadata.GetValueOrDefault("ttlInSeconds");
        if (item.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in metadata.EnumerateObject())
            {
                if (property.Value.ValueKind != JsonValueKind.String) throw new MalformedException($"metadata '{property.Name}' must be a string");
                if (string.Equals(property.Name, "ttlInSeconds", StringComparison.OrdinalIgnoreCase)) timeToLive = property.Value.GetString();
            }
        }
        string? concurrency = null, consistency = null;
        if (item.TryGetProperty("options", out var options) && options.ValueKind == JsonValueKind.Object)
            (concurrency, consistency) = (Text(options, "concurrency"), Text(options, "consistency"));
        return new StateRequest(Prefixed(component, key), value, Text(item, "etag"), concurrency, consistency, timeToLive);
    }

    private static string? Text(JsonElement item, string name)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw new MalformedException($"'{name}' must be a string");
    }

    private string Prefixed(ComponentSpec component, string key) => component.Find("keyPrefix")?.ToLowerInvariant() switch
    {
        null or "" or "appid" => $"{appId}||{key}",
        "none" => key,
        "name" => $"{component.Name}||{key}",
        "namespace" => $"default.{appId}||{key}",
        _ => $"{component.Find("keyPrefix")}||{key}",
    };

    private static Task AnswerAsync(HttpContext context, List<StateFailure> failures, string errorCode, string what)
    {
        if (failures.Count == 0) return Responses.Empty(context);
        // An error that is not about an ETag wins, then a mismatch: one stale ETag among good writes is 409, two malformed ones are 400.
        var worst = failures.MinBy(f => f.Kind switch { StateFailureKind.Error => 0, StateFailureKind.Mismatch => 1, _ => 2 })!;
        int status = worst.Kind switch { StateFailureKind.Mismatch => 409, StateFailureKind.MalformedETag => 400, _ => 500 };
        return Responses.Error(context, status, errorCode, $"{what}: {worst.Message}");
    }

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
