using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Dapr.Voice.DevSidecar.Apps;
using Dapr.Voice.DevSidecar.State;

namespace Dapr.Voice.DevSidecar.Http;

/// <summary><c>/v1.0/state/…</c> of one app id.</summary>
internal sealed class StateRoutes(AppState state)
{
    /// <summary>The most keys or operations in one request. The real sidecar limits only the length of the body.</summary>
    private const int MaximumItems = 10_000;

    public async Task GetAsync(HttpContext context, string name, string key)
    {
        if (await state.Open(name).GetAsync(key, context.RequestAborted).ConfigureAwait(false) is not { } value)
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
        AppStore store = state.Open(name);
        List<StateRequest> requests = await ReadAsync(context, "", root => root.ValueKind switch
        {
            JsonValueKind.Array => Items(root).Select(item => ReadRequest(item, Responses.QueryMetadata(context))).ToList(),
            JsonValueKind.Null => [],
            _ => throw Malformed("the body must be a list of {key, value}"),
        }).ConfigureAwait(false);
        await store.SaveAsync(requests, context.RequestAborted).ConfigureAwait(false);
        await Responses.Empty(context).ConfigureAwait(false);
    }

    public async Task DeleteAsync(HttpContext context, string name, string key)
    {
        IQueryCollection query = context.Request.Query;
        var request = new StateRequest(key, default, context.Request.Headers.IfMatch.FirstOrDefault(),
            query["concurrency"].FirstOrDefault(), query["consistency"].FirstOrDefault(), TimeToLive: null);
        await state.Open(name).DeleteAsync([request], context.RequestAborted).ConfigureAwait(false);
        await Responses.Empty(context).ConfigureAwait(false);
    }

    public async Task BulkAsync(HttpContext context, string name)
    {
        AppStore store = state.Open(name);
        List<string> keys = await ReadAsync(context, "failed deserializing HTTP body: ", root =>
        {
            if (root.ValueKind != JsonValueKind.Object) throw Malformed("the body must be an object with keys");
            return root.TryGetProperty("keys", out JsonElement list) && list.ValueKind != JsonValueKind.Null
                ? Items(list).Select(Key).ToList() : [];
        }).ConfigureAwait(false);
        IReadOnlyList<BulkEntry> entries = await store.GetBulkAsync(keys, context.RequestAborted).ConfigureAwait(false);

        var answer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(answer))
        {
            writer.WriteStartArray();
            foreach (BulkEntry entry in entries) Write(writer, entry);
            // The list is as long as the list of keys. A repeated key therefore leaves an empty entry at the end (recorded).
            for (int missing = entries.Count; missing < keys.Count; missing++) Write(writer, new BulkEntry("", null, null));
            writer.WriteEndArray();
        }
        await Responses.Json(context, 200, answer.WrittenMemory).ConfigureAwait(false);
    }

    public async Task TransactAsync(HttpContext context, string name)
    {
        AppStore store = state.Open(name);
        store.CheckTransactions();
        List<StateOperation> operations = await ReadAsync(context, "failed deserializing HTTP body: ", ReadOperations)
            .ConfigureAwait(false);
        await store.TransactAsync(operations, context.RequestAborted).ConfigureAwait(false);
        await Responses.Empty(context).ConfigureAwait(false);
    }

    public Task QueryAsync(HttpContext context, string name)
        => Responses.Error(context, 500, state.Open(name).QueryErrorCode, $"state store {name} does not support querying");

    private static void Write(Utf8JsonWriter writer, BulkEntry entry)
    {
        writer.WriteStartObject();
        writer.WriteString("key"u8, entry.Key);
        if (entry.Error is { } error) writer.WriteString("error"u8, error);
        if (entry.Found is { } value)
        {
            // Over gRPC an app can save any bytes. They would make the list unreadable for all other keys.
            if (IsJson(value.Value.Span))
            {
                writer.WritePropertyName("data"u8);
                writer.WriteRawValue(value.Value.Span, skipInputValidation: true);
            }
            else
            {
                writer.WriteString("error"u8, "the value is not JSON");
            }
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

    private static bool IsJson(ReadOnlySpan<byte> value)
    {
        try
        {
            var reader = new Utf8JsonReader(value);
            if (!reader.Read()) return false;
            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static async Task<T> ReadAsync<T>(HttpContext context, string what, Func<JsonElement, T> read)
    {
        if (await Responses.ReadBodyAsync(context).ConfigureAwait(false) is not { } body) throw Malformed("stream too large");
        try
        {
            using var document = JsonDocument.Parse(body);
            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw Malformed(what + e.Message);
        }
    }

    private static List<StateOperation> ReadOperations(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw Malformed("the body must be an object with operations");
        var operations = new List<StateOperation>();
        string? unknown = null;
        if (root.TryGetProperty("operations", out JsonElement list) && list.ValueKind != JsonValueKind.Null)
        {
            foreach (JsonElement item in Items(list))
            {
                string? operation = Text(item, "operation");
                if (operation is not ("upsert" or "delete"))
                {
                    unknown ??= operation ?? "";
                    continue;
                }
                if (!item.TryGetProperty("request", out JsonElement request)) throw Malformed("an operation needs a request");
                operations.Add(new StateOperation(operation == "delete", ReadRequest(request, [])));
            }
        }
        // An unreadable body is reported first, wherever the unknown operation stands in it.
        return unknown is null ? operations : throw new ApiException(ApiError.OperationUnknown, $"operation type {unknown} not supported");
    }

    private static StateRequest ReadRequest(JsonElement item, Dictionary<string, string> queryMetadata)
    {
        if (item.ValueKind != JsonValueKind.Object) throw Malformed("an item must be an object");
        ReadOnlyMemory<byte> value = item.TryGetProperty("value", out JsonElement json) ? Encoding.UTF8.GetBytes(json.GetRawText())
            : "null"u8.ToArray();
        string? timeToLive = queryMetadata.GetValueOrDefault("ttlInSeconds");
        if (item.TryGetProperty("metadata", out JsonElement metadata) && metadata.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in metadata.EnumerateObject())
            {
                if (property.Value.ValueKind != JsonValueKind.String) throw Malformed($"metadata '{property.Name}' must be a string");
                if (string.Equals(property.Name, "ttlInSeconds", StringComparison.OrdinalIgnoreCase))
                    timeToLive = property.Value.GetString();
            }
        }
        string? concurrency = null, consistency = null;
        if (item.TryGetProperty("options", out JsonElement options) && options.ValueKind == JsonValueKind.Object)
            (concurrency, consistency) = (Text(options, "concurrency"), Text(options, "consistency"));
        return new StateRequest(Text(item, "key") ?? "", value, Text(item, "etag"), concurrency, consistency, timeToLive);
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array) throw Malformed("a list is expected");
        return list.GetArrayLength() <= MaximumItems ? list.EnumerateArray()
            : throw Malformed($"the development sidecar takes at most {MaximumItems} items in one request");
    }

    private static string Key(JsonElement item) => item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } key ? key
        : throw Malformed("a key must be a string");

    private static string? Text(JsonElement item, string name)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(name, out JsonElement value)
            || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Malformed($"'{name}' must be a string");
    }

    private static ApiException Malformed(string message) => new(ApiError.MalformedRequest, message);

    private static string Time(DateTimeOffset time)
        => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
