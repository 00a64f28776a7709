using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary><see cref="IStateStore"/> over Dapr's HTTP API.</summary>
internal sealed class HttpStateStore(SidecarConnection connection) : IStateStore
{
    /// <summary>Longest key that every recorded store takes.</summary>
    public const int MaximumKeyLength = 250;

    /// <summary>The sidecar reads 4 MiB of a request, then answers 400.</summary>
    public const int MaximumRequestBytes = 4 * 1024 * 1024;

    /// <summary>Turns of read-then-write before <see cref="SaveAsync"/> gives a contended Redis key up.</summary>
    private const int SaveOverAttempts = 4;

    private const string Json = "application/json";

    public async Task<StateReadResult<T>> ReadAsync<T>(string store, string key, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        Check(store, key);
        long started = connection.Time.GetTimestamp();
        using var deadline = connection.StartDeadline(connection.Options.StateTimeout, cancellation);
        var result = await ReadAsync(store, key, type, deadline).ConfigureAwait(false);
        connection.Record("state.get", result.Outcome.ToString(), result.Outcome != StateReadOutcome.Unavailable, started);
        return result;
    }

    public async Task<StateBulkReadResult<T>> GetBulkAsync<T>(string store, IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        foreach (string key in keys) Check(store, key);
        if (keys.Count == 0) return Bulk<T>(StateReadOutcome.Found, null);
        long started = connection.Time.GetTimestamp();
        using var deadline = connection.StartDeadline(connection.Options.StateTimeout, cancellation);
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("keys"u8);
            foreach (string key in keys) writer.WriteStringValue(key);
            writer.WriteEndArray();
            // A store without a bulk command of its own reads so many keys side by side; the sidecar's default is ten, and ours are small.
            writer.WriteNumber("parallelism"u8, 10);
            writer.WriteEndObject();
        }
        var answer = await connection.SendAsync(HttpMethod.Post, $"/v1.0/state/{store}/bulk", body.WrittenMemory, Json, null, deadline).ConfigureAwait(false);
        var result = answer.IsSuccess ? ReadBulk(answer, keys, type) : Bulk<T>(ReadFailure(answer), answer.ErrorCode);
        connection.Record("state.bulk", result.Outcome.ToString(), result.Outcome != StateReadOutcome.Unavailable, started);
        return result;
    }

    public async Task<StateWriteResult> TrySaveAsync<T>(string store, string key, T value, string etag, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default)
    {
        Check(store, key);
        ArgumentException.ThrowIfNullOrEmpty(etag);
        return await WriteAsync("state.save", cancellation, deadline => SaveOnceAsync(store, SaveBody(key, value, etag, isFirstWrite: true, type, timeToLive), deadline)).ConfigureAwait(false);
    }

    public async Task<StateWriteResult> TryCreateAsync<T>(string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default)
    {
        Check(store, key);
        return await WriteAsync("state.create", cancellation, async deadline =>
        {
            var written = await SaveOnceAsync(store, SaveBody(key, value, etag: null, isFirstWrite: true, type, timeToLive), deadline).ConfigureAwait(false);
            if (written.Outcome != StateWriteOutcome.Unavailable) return written;

            // Redis, PostgreSQL and Blob Storage answer a lost create with the 500 that also means "store away": only the key tells.
            var there = await ReadAsync(store, key, StateJson.Default.JsonElement, deadline).ConfigureAwait(false);
            if (there.Outcome != StateReadOutcome.Found) return written;
            bool isOurs = JsonElement.DeepEquals(there.Entry!.Value, JsonSerializer.SerializeToElement(value, type));
            return isOurs ? new StateWriteResult(StateWriteOutcome.Written, null) : new StateWriteResult(StateWriteOutcome.Conflict, written.ErrorCode);
        }).ConfigureAwait(false);
    }

    public async Task<StateWriteResult> SaveAsync<T>(string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default)
    {
        Check(store, key);
        return await WriteAsync("state.save", cancellation, async deadline =>
        {
            var written = await SaveOnceAsync(store, SaveBody(key, value, etag: null, isFirstWrite: false, type, timeToLive), deadline).ConfigureAwait(false);
            for (int attempt = 0; attempt < SaveOverAttempts && written.Outcome is StateWriteOutcome.Unavailable or StateWriteOutcome.Conflict; attempt++)
            {
                var there = await ReadAsync(store, key, StateJson.Default.JsonElement, deadline).ConfigureAwait(false);
                if (there.Outcome != StateReadOutcome.Found) break;
                written = await SaveOnceAsync(store, SaveBody(key, value, there.Entry!.ETag, isFirstWrite: true, type, timeToLive), deadline).ConfigureAwait(false);
            }
            return written;
        }).ConfigureAwait(false);
    }

    public async Task<StateWriteResult> DeleteAsync(string store, string key, string? etag = null, CancellationToken cancellation = default)
    {
        Check(store, key);
        return await WriteAsync("state.delete", cancellation, async deadline =>
        {
            string query = etag is null ? "" : "?concurrency=first-write";
            var answer = await connection.SendAsync(HttpMethod.Delete, $"/v1.0/state/{store}/{key}{query}", default, null, headers =>
            {
                if (etag is not null) headers.TryAddWithoutValidation("If-Match", etag);
            }, deadline).ConfigureAwait(false);
            return Written(answer);
        }).ConfigureAwait(false);
    }

    private async Task<StateWriteResult> WriteAsync(string operation, CancellationToken cancellation, Func<Deadline, Task<StateWriteResult>> write)
    {
        long started = connection.Time.GetTimestamp();
        using var deadline = connection.StartDeadline(connection.Options.StateTimeout, cancellation);
        var result = await write(deadline).ConfigureAwait(false);
        connection.Record(operation, result.Outcome.ToString(), result.Outcome != StateWriteOutcome.Unavailable, started);
        return result;
    }

    private async Task<StateWriteResult> SaveOnceAsync(string store, ReadOnlyMemory<byte> body, Deadline deadline)
    {
        if (body.Length > MaximumRequestBytes) return new StateWriteResult(StateWriteOutcome.Refused, "REQUEST_TOO_LARGE");
        return Written(await connection.SendAsync(HttpMethod.Post, $"/v1.0/state/{store}", body, Json, null, deadline).ConfigureAwait(false));
    }

    private async Task<StateReadResult<T>> ReadAsync<T>(string store, string key, JsonTypeInfo<T> type, Deadline deadline)
    {
        var answer = await connection.SendAsync(HttpMethod.Get, $"/v1.0/state/{store}/{key}?consistency=strong", default, null, null, deadline).ConfigureAwait(false);
        if (!answer.IsSuccess) return new StateReadResult<T>(ReadFailure(answer), null, answer.ErrorCode);
        if (answer.Status == HttpStatusCode.NoContent) return new StateReadResult<T>(StateReadOutcome.Missing, null, null);
        return TryParse(answer.Body.Span, type, out var value)
            ? new StateReadResult<T>(StateReadOutcome.Found, new StateEntry<T>(key, value, answer.ETag ?? ""), null)
            : new StateReadResult<T>(StateReadOutcome.Malformed, null, "MALFORMED_VALUE");
    }

    private static StateBulkReadResult<T> ReadBulk<T>(SidecarAnswer answer, IReadOnlyCollection<string> keys, JsonTypeInfo<T> type)
    {
        List<StateBulkItem>? items;
        try
        {
            items = answer.Status == HttpStatusCode.NoContent ? [] : JsonSerializer.Deserialize(answer.Body.Span, StateJson.Default.ListStateBulkItem);
        }
        catch (JsonException)
        {
            items = null;
        }
        if (items is null) return Bulk<T>(StateReadOutcome.Malformed, "MALFORMED_ANSWER");

        var entries = new Dictionary<string, StateEntry<T>>(items.Count, StringComparer.Ordinal);
        var failed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (item.Key is null) continue;
            if (!string.IsNullOrEmpty(item.Error)) failed.Add(item.Key);
            else if (item.Data.ValueKind == JsonValueKind.Undefined) continue;
            else if (TryParse(item.Data, type, out var value)) entries[item.Key] = new StateEntry<T>(item.Key, value, item.ETag ?? "");
            else failed.Add(item.Key);
        }
        return new StateBulkReadResult<T>(StateReadOutcome.Found, entries, failed, null);
    }

    private static StateBulkReadResult<T> Bulk<T>(StateReadOutcome outcome, string? errorCode)
        => new(outcome, new Dictionary<string, StateEntry<T>>(), [], errorCode);

    private static StateWriteResult Written(SidecarAnswer answer) => answer switch
    {
        { IsSuccess: true } => new(StateWriteOutcome.Written, null),
        { Failure: not SidecarFailure.None } => new(StateWriteOutcome.Unavailable, answer.ErrorCode),
        { Status: HttpStatusCode.Conflict } => new(StateWriteOutcome.Conflict, answer.ErrorCode),
        { Status: >= HttpStatusCode.InternalServerError } => new(StateWriteOutcome.Unavailable, answer.ErrorCode),
        _ => new(StateWriteOutcome.Refused, answer.ErrorCode),
    };

    private static StateReadOutcome ReadFailure(SidecarAnswer answer)
        => answer.Failure != SidecarFailure.None || answer.Status >= HttpStatusCode.InternalServerError ? StateReadOutcome.Unavailable : StateReadOutcome.Refused;

    private static bool TryParse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type, out T? value)
    {
        try
        {
            value = JsonSerializer.Deserialize(json, type);
            return true;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            value = default;
            return false;
        }
    }

    private static bool TryParse<T>(JsonElement json, JsonTypeInfo<T> type, out T? value)
    {
        try
        {
            value = json.Deserialize(type);
            return true;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            value = default;
            return false;
        }
    }

    private static ReadOnlyMemory<byte> SaveBody<T>(string key, T value, string? etag, bool isFirstWrite, JsonTypeInfo<T> type, TimeSpan? timeToLive)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartArray();
        writer.WriteStartObject();
        writer.WriteString("key"u8, key);
        writer.WritePropertyName("value"u8);
        JsonSerializer.Serialize(writer, value, type);
        if (etag is not null) writer.WriteString("etag"u8, etag);
        if (timeToLive is { } ttl)
        {
            writer.WriteStartObject("metadata"u8);
            // A string: the sidecar answers 400 to a JSON number here.
            writer.WriteString("ttlInSeconds"u8, Math.Max(1, (long)Math.Ceiling(ttl.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        }
        if (isFirstWrite)
        {
            writer.WriteStartObject("options"u8);
            writer.WriteString("concurrency"u8, "first-write"u8);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.Flush();
        return body.WrittenMemory;
    }

    private static void Check(string store, string key)
    {
        SidecarNames.Check(store, nameof(store));
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.Length > MaximumKeyLength || key.AsSpan().ContainsAnyExcept(SidecarNames.Portable))
            throw new ArgumentException($"A key has letters, digits, '.', '-', '_' only and at most {MaximumKeyLength} of them; Table Storage refuses others.", nameof(key));
    }
}
