using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.State;


namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>The state stores that one app id has. Both transports call it.</summary>
internal sealed class AppState(string appId, SharedComponents components)
{
    /// <summary>The store of that name; throws <see cref="ApiException"/> where this app has none.</summary>
    public AppStore Open(string name)
    {
        if (components.TryGetState(name, appId, out StateStore store, out ComponentSpec component, out Outage outage))
            return new AppStore(appId, name, store, component, outage);
        throw components.HasAny("state", appId)
            ? new ApiException(ApiError.StateStoreNotFound, $"state store {name} is not found")
            : new ApiException(ApiError.StateStoreNotConfigured, "state store is not configured");
    }
}

/// <summary>One entry of a bulk read.</summary>
/// <param name="Error">Why this key could not be read; null where it could.</param>
internal readonly record struct BulkEntry(string Key, StoredValue? Found, string? Error);

/// <summary>
/// A state store as one app id sees it: keys without the prefix, and the waits of a server that is away. Every method throws
/// <see cref="ApiException"/>.
/// </summary>
internal sealed class AppStore(string appId, string name, StateStore store, ComponentSpec component, Outage outage)
{
    /// <summary>Error code of the HTTP query API, which no recorded store serves.</summary>
    public string QueryErrorCode => store.QueryErrorCode;

    /// <summary>Null for a key that is not there.</summary>
    public async Task<StoredValue?> GetAsync(string key, CancellationToken cancellation)
    {
        CheckSeparator(key);
        if (await outage.FailsAsync(StoreCall.Read, cancellation).ConfigureAwait(false))
            throw new ApiException(ApiError.StateGet, $"fail to get {key} from state store {name}: the server is {outage.State}");
        (StoredValue? found, StateFailure? failure) = store.Get(Prefixed(key));
        return failure is null ? found : throw new ApiException(
            ApiError.StateGet, $"fail to get {key} from state store {name}: {failure.Message}");
    }

    /// <summary>
    /// One entry for each key, in their order; most stores answer a key that is asked for twice only once. A key that cannot be read fails
    /// alone.
    /// </summary>
    public async Task<IReadOnlyList<BulkEntry>> GetBulkAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation)
    {
        foreach (string key in keys) CheckSeparator(key);
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

    /// <summary>Saves each item for itself: a failed item leaves the others saved.</summary>
    public async Task SaveAsync(IReadOnlyCollection<StateRequest> requests, CancellationToken cancellation)
    {
        foreach (StateRequest request in requests) CheckKey(request.Key);
        if (requests.Count > 0 && await outage.FailsAsync(StoreCall.Write, cancellation).ConfigureAwait(false))
            throw new ApiException(ApiError.StateSave, $"failed saving state in state store {name}: the server is {outage.State}");
        ThrowWorst(requests.Select(r => store.Save(Prefixed(r))).OfType<StateFailure>().ToList(), ApiError.StateSave,
            $"failed saving state in state store {name}");
    }

    /// <summary>Deletes each item for itself.</summary>
    public async Task DeleteAsync(IReadOnlyCollection<StateRequest> requests, CancellationToken cancellation)
    {
        foreach (StateRequest request in requests) CheckSeparator(request.Key);
        string keys = string.Join(", ", requests.Select(r => r.Key));
        if (requests.Count > 0 && await outage.FailsAsync(StoreCall.Write, cancellation).ConfigureAwait(false))
            throw new ApiException(ApiError.StateDelete, $"failed deleting state with key {keys}: the server is {outage.State}");
        ThrowWorst(requests.Select(r => store.Delete(Prefixed(r))).OfType<StateFailure>().ToList(), ApiError.StateDelete,
            $"failed deleting state with key {keys}");
    }

    /// <summary>Throws where the store has no transactions; call it before reading what is in the transaction.</summary>
    public void CheckTransactions()
    {
        if (!store.HasTransactions)
            throw new ApiException(ApiError.TransactionsNotSupported, $"state store {name} doesn't support transactions");
    }

    /// <summary>All or nothing where the store can roll back.</summary>
    public async Task TransactAsync(IReadOnlyList<StateOperation> operations, CancellationToken cancellation)
    {
        CheckTransactions();
        foreach (StateOperation operation in operations) CheckKey(operation.Request.Key);
        bool isAway = operations.Count > 0 && await outage.FailsAsync(StoreCall.Write, cancellation).ConfigureAwait(false);
        StateFailure? failure = isAway
            ? StateFailure.Error($"the server is {outage.State}")
            : store.Transact([.. operations.Select(o => o with { Request = Prefixed(o.Request) })]);
        // The error is the same for every reason, a stale ETag included (recorded).
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
    /// An error that is not about an ETag wins, then a mismatch: one stale ETag among good writes is a mismatch, two malformed ones are
    /// malformed.
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
