using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.State;


namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>Opens the state stores of one app id. Both transports call it. Any thread.</summary>
internal sealed class AppState(string appId, SharedComponents components)
{
    /// <summary>Opens a store by its name.</summary>
    /// <exception cref="ApiException">This app has no such store.</exception>
    public AppStore Open(string name)
    {
        if (components.TryGetState(name, appId, out StateStore store, out ComponentSpec component, out Outage outage))
            return new AppStore(appId, name, store, component, outage, components.Calls);
        throw components.HasAny("state", appId)
            ? new ApiException(ApiError.StateStoreNotFound, $"state store {name} is not found")
            : new ApiException(ApiError.StateStoreNotConfigured, "state store is not configured");
    }
}

/// <summary>One entry of a bulk read.</summary>
/// <param name="Error">The reason why this key could not be read. Null if it could.</param>
internal readonly record struct BulkEntry(string Key, StoredValue? Found, string? Error);

/// <summary>
/// A state store as one app id sees it. It adds the prefix to the keys, and waits as the real sidecar does while the server is away. Every
/// method may throw <see cref="ApiException"/>.
/// </summary>
internal sealed class AppStore(
    string appId, string name, StateStore store, ComponentSpec component, Outage outage, CallLog calls)
{
    /// <summary>The error code of the HTTP query API. None of the recorded stores serves that API.</summary>
    public string QueryErrorCode => store.QueryErrorCode;

    /// <returns>Null if the key does not exist.</returns>
    public async Task<StoredValue?> GetAsync(string key, CancellationToken cancellation)
    {
        CheckSeparator(key);
        calls.Note(appId, "read", name, key);
        if (await outage.FailsAsync(StoreCall.Read, cancellation).ConfigureAwait(false))
            throw new ApiException(ApiError.StateGet, $"fail to get {key} from state store {name}: the server is {outage.State}");
        (StoredValue? found, StateFailure? failure) = store.Get(Prefixed(key));
        return failure is null ? found : throw new ApiException(
            ApiError.StateGet, $"fail to get {key} from state store {name}: {failure.Message}");
    }

    /// <summary>
    /// Reads several keys. The result has one entry for each key, in the same order; most stores answer a repeated key only once. A key
    /// that cannot be read does not affect the others.
    /// </summary>
    public async Task<IReadOnlyList<BulkEntry>> GetBulkAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation)
    {
        foreach (string key in keys) CheckSeparator(key);
        calls.Note(appId, "read", name, keys);
        if (keys.Count > 0 && await outage.FailsAsync(StoreCall.Read, cancellation).ConfigureAwait(false))
            throw new ApiException(ApiError.StateBulkGet, $"failed reading from state store {name}: the server is {outage.State}");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var entries = new List<BulkEntry>(keys.Count);
        foreach (string key in keys)
        {
            if (!seen.Add(key) && store.ReadsEachKeyOnce) continue;
            (StoredValue? found, StateFailure? failure) = store.Get(Prefixed(key));
            entries.Add(new BulkEntry(key, found, failure?.Message));
        }
        return entries;
    }

    /// <summary>Saves each item independently. If one item fails, the others are still saved.</summary>
    public async Task SaveAsync(IReadOnlyCollection<StateRequest> requests, CancellationToken cancellation)
    {
        foreach (StateRequest request in requests) CheckKey(request.Key);
        calls.Note(appId, "write", name, requests.Select(r => r.Key));
        if (requests.Count > 0 && await outage.FailsAsync(StoreCall.Write, cancellation).ConfigureAwait(false))
            throw new ApiException(ApiError.StateSave, $"failed saving state in state store {name}: the server is {outage.State}");
        ThrowWorst(requests.Select(r => store.Save(Prefixed(r))).OfType<StateFailure>().ToList(), ApiError.StateSave,
            $"failed saving state in state store {name}");
    }

    /// <summary>Deletes each item independently.</summary>
    public async Task DeleteAsync(IReadOnlyCollection<StateRequest> requests, CancellationToken cancellation)
    {
        foreach (StateRequest request in requests) CheckSeparator(request.Key);
        calls.Note(appId, "delete", name, requests.Select(r => r.Key));
        string keys = string.Join(", ", requests.Select(r => r.Key));
        if (requests.Count > 0 && await outage.FailsAsync(StoreCall.Write, cancellation).ConfigureAwait(false))
            throw new ApiException(ApiError.StateDelete, $"failed deleting state with key {keys}: the server is {outage.State}");
        ThrowWorst(requests.Select(r => store.Delete(Prefixed(r))).OfType<StateFailure>().ToList(), ApiError.StateDelete,
            $"failed deleting state with key {keys}");
    }

    /// <summary>Throws if the store has no transactions. Call it before reading the operations of the transaction.</summary>
    public void CheckTransactions()
    {
        if (!store.HasTransactions)
            throw new ApiException(ApiError.TransactionsNotSupported, $"state store {name} doesn't support transactions");
    }

    /// <summary>Does all operations or none, if the store can roll back.</summary>
    public async Task TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellation)
    {
        CheckTransactions();
        foreach (StateOperation operation in operations) CheckKey(operation.Request.Key);
        calls.Note(appId, "write", name, operations.Select(o => o.Request.Key));
        bool isAway = operations.Count > 0 && await outage.FailsAsync(StoreCall.Write, cancellation).ConfigureAwait(false);
        StateFailure? failure = isAway
            ? StateFailure.Error($"the server is {outage.State}")
            : store.Transact([.. operations.Select(o => o with { Request = Prefixed(o.Request) })]);
        // The error is the same for every reason, even for a stale ETag (recorded).
        if (failure is not null)
            throw new ApiException(ApiError.StateTransaction, $"error while executing state transaction: {failure.Message}");
    }

    private static void CheckKey(string key)
    {
        if (key.Length == 0) throw new ApiException(ApiError.KeyMissing, "\"key\" is a required field");
        CheckSeparator(key);
    }

    private static void CheckSeparator(string key)
    {
        if (key.Contains("||", StringComparison.Ordinal))
            throw new ApiException(ApiError.KeyIllegal, $"input key/keyPrefix '{key}' can't contain '||'");
    }

    /// <summary>
    /// Throws the worst of several failures. An error that is not about an ETag is the worst, then a mismatch, then a malformed ETag.
    /// </summary>
    private static void ThrowWorst(List<StateFailure> failures, ApiError error, string what)
    {
        if (failures.Count == 0) return;
        StateFailure worst = failures.MinBy(f => f.Kind switch { StateFailureKind.Error => 0, StateFailureKind.Mismatch => 1, _ => 2 })!;
        throw new ApiException(error.For(worst.Kind), $"{what}: {worst.Message}");
    }

    private StateRequest Prefixed(StateRequest request) => request with { Key = Prefixed(request.Key) };

    private string Prefixed(string key) => component.Find("keyPrefix")?.ToLowerInvariant() switch
    {
        null or "" or "appid" => $"{appId}||{key}",
        "none" => key,
        "name" => $"{component.Name}||{key}",
        "namespace" => $"default.{appId}||{key}",
        _ => $"{component.Find("keyPrefix")}||{key}",
    };
}
