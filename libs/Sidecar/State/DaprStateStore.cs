using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Client;
using Grpc.Core;
using Protos = Dapr.Client.Autogen.Grpc.v1;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Implements <see cref="IStateStore"/> with Dapr's client, except for the bulk read (<see cref="SidecarChannel"/>).
/// </summary>
internal sealed class DaprStateStore(DaprClient client, SidecarChannel channel, SidecarCalls calls) : IStateStore
{
    /// <summary>The longest key that all recorded stores accept.</summary>
    public const int MaximumKeyLength = 250;

    /// <summary>How often <see cref="SaveAsync"/> reads and writes again if other writers change a Redis key at the same time.</summary>
    private const int SaveOverAttempts = 4;

    // With last-write, Redis ignores a stale ETag, so an ETag is always sent with first-write. First-write without an ETag creates a key.
    private static readonly StateOptions FirstWrite = new() { Concurrency = ConcurrencyMode.FirstWrite };

    public Task<StateReadResult<T>> ReadAsync<T>(string store, string key, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        store = Checked(store, key);
        return calls.RunAsync(
            "state.get", store, calls.Options.StateTimeout, deadline => ReadAsync(store, key, type, deadline),
            result => (result.Outcome.ToString(), result.Outcome != StateReadOutcome.Unavailable), cancellation);
    }

    public async Task<StateBulkReadResult<T>> GetBulkAsync<T>(
        string store, IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        foreach (string key in keys) Check(store, key);
        store = calls.Options.NameOf(store);
        if (keys.Count == 0) return Bulk<T>(StateReadOutcome.Found, null);
        return await calls.RunAsync(
            "state.bulk", store, calls.Options.StateTimeout, deadline => GetBulkAsync(store, keys, type, deadline),
            result => (result.Outcome.ToString(), result.Outcome != StateReadOutcome.Unavailable), cancellation).ConfigureAwait(false);
    }

    public Task<StateWriteResult> TrySaveAsync<T>(
        string store, string key, T value, string etag, JsonTypeInfo<T> type, TimeSpan? timeToLive = null,
        CancellationToken cancellation = default)
    {
        store = Checked(store, key);
        ArgumentException.ThrowIfNullOrEmpty(etag);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        return WriteAsync("state.save", store, cancellation, deadline => SaveOnceAsync(store, key, json, etag, timeToLive, deadline));
    }

    public Task<StateWriteResult> TryCreateAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default)
    {
        store = Checked(store, key);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        return WriteAsync("state.create", store, cancellation, async deadline =>
        {
            GrpcAnswer<bool> answer = await SendAsync(
                json, deadline, token => client.SaveByteStateAsync(store, key, json, FirstWrite, TimeToLive(timeToLive), token))
                .ConfigureAwait(false);
            StateWriteResult written = Written(answer);
            if (written.Outcome is StateWriteOutcome.Written or StateWriteOutcome.Refused) return written;

            // A lost create is Aborted on some stores. On others it is Internal, which also means that the store is unavailable. Only
            // reading the key tells them apart. It also tells whether our own write arrived although its answer was lost.
            StateReadResult<JsonElement> there = await ReadAsync(store, key, StateJson.Default.JsonElement, deadline).ConfigureAwait(false);
            if (there.Outcome != StateReadOutcome.Found) return written;
            bool isOurs = JsonElement.DeepEquals(there.Entry!.Value, JsonElement.Parse(json));
            return isOurs ? new StateWriteResult(StateWriteOutcome.Written, null)
                : new StateWriteResult(StateWriteOutcome.Conflict, written.ErrorCode);
        });
    }

    public Task<StateWriteResult> SaveAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default)
    {
        store = Checked(store, key);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        return WriteAsync("state.save", store, cancellation, async deadline =>
        {
            GrpcAnswer<bool> answer = await SendAsync(
                json, deadline, token => client.SaveByteStateAsync(store, key, json, null, TimeToLive(timeToLive), token))
                .ConfigureAwait(false);
            StateWriteResult written = Written(answer);
            for (int attempt = 0; attempt < SaveOverAttempts && written.Outcome is StateWriteOutcome.Unavailable
                or StateWriteOutcome.Conflict; attempt++)
            {
                StateReadResult<JsonElement> there = await ReadAsync(store, key, StateJson.Default.JsonElement, deadline)
                    .ConfigureAwait(false);
                if (there.Outcome != StateReadOutcome.Found) break;
                written = await SaveOnceAsync(store, key, json, there.Entry!.ETag, timeToLive, deadline).ConfigureAwait(false);
            }
            return written;
        });
    }

    public Task<StateWriteResult> DeleteAsync(string store, string key, string? etag = null, CancellationToken cancellation = default)
    {
        store = Checked(store, key);
        return WriteAsync("state.delete", store, cancellation, async deadline =>
        {
            GrpcAnswer<bool> answer = etag is null
                ? await GrpcAnswer.OfAsync(deadline, token => client.DeleteStateAsync(store, key, cancellationToken: token))
                .ConfigureAwait(false)
                : await GrpcAnswer.OfAsync(deadline, token => client.TryDeleteStateAsync(
                store, key, etag, FirstWrite, cancellationToken: token)).ConfigureAwait(false);
            return Written(answer);
        });
    }

    private Task<StateWriteResult> WriteAsync(
        string operation, string store, CancellationToken cancellation, Func<Deadline, Task<StateWriteResult>> write)
        => calls.RunAsync(
            operation, store, calls.Options.StateTimeout, write,
            result => (result.Outcome.ToString(), result.Outcome != StateWriteOutcome.Unavailable), cancellation);

    private async Task<StateWriteResult> SaveOnceAsync(
        string store, string key, byte[] json, string etag, TimeSpan? timeToLive, Deadline deadline)
        => Written(await SendAsync(
            json, deadline, token => client.TrySaveByteStateAsync(store, key, json, etag, FirstWrite, TimeToLive(timeToLive), token))
            .ConfigureAwait(false));

    // With an ETag, Dapr's client turns Aborted into false. Without one it throws, and the status is Aborted.
    private static StateWriteResult Written(GrpcAnswer<bool> answer) => answer switch
    {
        { IsSuccess: true, Value: true } => new(StateWriteOutcome.Written, null),
        { IsSuccess: true } or { Status: StatusCode.Aborted } => new(StateWriteOutcome.Conflict, nameof(StatusCode.Aborted)),
        // The request is larger than the sidecar accepts.
        { IsRefused: true } or { Status: StatusCode.ResourceExhausted } => new(StateWriteOutcome.Refused, answer.ErrorCode),
        _ => new(StateWriteOutcome.Unavailable, answer.ErrorCode),
    };

    private static Task<GrpcAnswer<bool>> SendAsync(byte[] json, Deadline deadline, Func<CancellationToken, Task> save)
        => json.Length > SidecarOptions.MaximumRequestBytes
            ? Task.FromResult(new GrpcAnswer<bool>(StatusCode.ResourceExhausted, false))
            : GrpcAnswer.OfAsync(deadline, save);

    private static Task<GrpcAnswer<bool>> SendAsync(byte[] json, Deadline deadline, Func<CancellationToken, Task<bool>> save)
        => json.Length > SidecarOptions.MaximumRequestBytes
            ? Task.FromResult(new GrpcAnswer<bool>(StatusCode.ResourceExhausted, false))
            : GrpcAnswer.OfAsync(deadline, save);

    private async Task<StateReadResult<T>> ReadAsync<T>(string store, string key, JsonTypeInfo<T> type, Deadline deadline)
    {
        GrpcAnswer<(ReadOnlyMemory<byte> Data, string ETag)> answer = await GrpcAnswer.OfAsync(
            deadline, token => client.GetByteStateAndETagAsync(store, key, ConsistencyMode.Strong, cancellationToken: token))
            .ConfigureAwait(false);
        if (!answer.IsSuccess) return new StateReadResult<T>(ReadFailure(answer), null, answer.ErrorCode);
        // A missing key has neither data nor an ETag. A stored null has four bytes.
        (ReadOnlyMemory<byte> data, string etag) = answer.Value;
        if (data.IsEmpty && etag.Length == 0) return new StateReadResult<T>(StateReadOutcome.Missing, null, null);
        return TryParse(data.Span, type, out T? value)
            ? new StateReadResult<T>(StateReadOutcome.Found, new StateEntry<T>(key, value, etag), null)
            : new StateReadResult<T>(StateReadOutcome.Malformed, null, "MALFORMED_VALUE");
    }

    private async Task<StateBulkReadResult<T>> GetBulkAsync<T>(
        string store, IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, Deadline deadline)
    {
        // For a store without a bulk command, the sidecar reads this number of keys in parallel. Ten is its default, and our values are
        // small.
        var request = new Protos.GetBulkStateRequest { StoreName = store, Parallelism = 10 };
        request.Keys.AddRange(keys);
        GrpcAnswer<Protos.GetBulkStateResponse> answer = await GrpcAnswer.OfAsync(
            deadline, token => channel.CallAsync((stub, options) => stub.GetBulkStateAsync(request, options), token)).ConfigureAwait(false);
        if (!answer.IsSuccess) return Bulk<T>(ReadFailure(answer), answer.ErrorCode);

        var entries = new Dictionary<string, StateEntry<T>>(keys.Count, StringComparer.Ordinal);
        var failed = new HashSet<string>(StringComparer.Ordinal);
        foreach (Protos.BulkStateItem item in answer.Value!.Items)
        {
            if (item.Error.Length > 0) failed.Add(item.Key);
            else if (item.Data.IsEmpty && item.Etag.Length == 0) continue;
            else if (TryParse(item.Data.Span, type, out T? value)) entries[item.Key] = new StateEntry<T>(item.Key, value, item.Etag);
            else failed.Add(item.Key);
        }
        return new StateBulkReadResult<T>(StateReadOutcome.Found, entries, failed, null);
    }

    private static StateBulkReadResult<T> Bulk<T>(StateReadOutcome outcome, string? errorCode)
        => new(outcome, new Dictionary<string, StateEntry<T>>(), [], errorCode);

    private static StateReadOutcome ReadFailure<T>(GrpcAnswer<T> answer)
        => answer.IsRefused ? StateReadOutcome.Refused : StateReadOutcome.Unavailable;

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

    private static Dictionary<string, string>? TimeToLive(TimeSpan? timeToLive)
        => timeToLive is not { } ttl ? null : new(StringComparer.Ordinal)
    {
        ["ttlInSeconds"] = Math.Max(1, (long)Math.Ceiling(ttl.TotalSeconds)).ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Checks both names, and returns the name of the component that this app has for the store.</summary>
    private string Checked(string store, string key)
    {
        Check(store, key);
        return calls.Options.NameOf(store);
    }

    private static void Check(string store, string key)
    {
        SidecarNames.Check(store, nameof(store));
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (key.Length > MaximumKeyLength || key.AsSpan().ContainsAnyExcept(SidecarNames.Portable))
            throw new ArgumentException($"A key consists of at most {MaximumKeyLength} letters, digits, '.', '-' and '_'; Table Storage "
                + $"refuses others.", nameof(key));
    }
}
