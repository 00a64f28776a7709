using System.Globalization;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar.State;

/// <summary>
/// A state store in memory. It behaves as the store of the component's type did in the recordings (tests/Vectors/dapr-contract). All app
/// ids of the process share it. Any thread.
/// </summary>
internal abstract class StateStore(TimeProvider time)
{
    /// <summary>The most keys of one store. The sessions of a laptop need far fewer, and the limit stops a leak.</summary>
    public const int MaximumKeys = 100_000;

    /// <summary>The most bytes of values in one store.</summary>
    public const long MaximumBytes = 256L * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Item> _items = new(StringComparer.Ordinal);
    private long _bytes;

    protected sealed class Item
    {
        public ReadOnlyMemory<byte> Value { get; set; }
        public string ETag { get; set; } = "";
        public DateTimeOffset? ExpiresAt { get; set; }

        /// <summary>Only for Redis: the key was once written with first-write.</summary>
        public bool IsSticky { get; set; }
    }

    protected DateTimeOffset Now => time.GetUtcNow();

    public static StateStore Create(ComponentSpec component, TimeProvider time) => component.Type switch
    {
        "state.redis" => new RedisStateStore(time),
        "state.in-memory" => new RowStateStore(RowStoreKind.Memory, time),
        "state.sqlite" => new RowStateStore(RowStoreKind.Sqlite, time),
        "state.postgresql" => new RowStateStore(RowStoreKind.PostgreSql, time),
        "state.azure.tablestorage" => TableStateStore.CreateNamed(component, time),
        "state.azure.blobstorage" => BlobStateStore.CreateNamed(component, time),
        _ => throw component.Source.Error($"'{component.Type}' is no state store of the development sidecar."),
    };

    /// <summary>The features of the store, with the names of the metadata API.</summary>
    public abstract IReadOnlyList<string> Capabilities { get; }

    /// <summary>False if the store answers every transaction with 500.</summary>
    public virtual bool HasTransactions => true;

    /// <summary>True if the store answers a repeated key of a bulk read only once (recorded).</summary>
    public virtual bool ReadsEachKeyOnce => false;

    /// <summary>The error code of the query API. None of the recorded stores serves that API.</summary>
    public virtual string QueryErrorCode => "ERR_STATE_STORE_NOT_SUPPORTED";

    public (StoredValue? Found, StateFailure? Failure) Get(string key)
    {
        lock (_gate)
        {
            if (CheckReadKey(key) is { } failure) return (null, failure);
            return (Find(key) is { } item ? new StoredValue(item.Value, item.ETag, ShowsExpiry ? item.ExpiresAt : null) : null, null);
        }
    }

    public StateFailure? Save(StateRequest request)
    {
        lock (_gate) return SaveLocked(request);
    }

    public StateFailure? Delete(StateRequest request)
    {
        lock (_gate) return DeleteLocked(request);
    }

    /// <summary>Does all operations or none, if the store can roll back. Otherwise the operations before the failed one stay.</summary>
    public StateFailure? Transact(IReadOnlyList<StateOperation> operations)
    {
        lock (_gate)
        {
            if (!RollsBack) return Run(operations);
            var before = new Dictionary<string, Item?>(StringComparer.Ordinal);
            foreach (StateOperation operation in operations)
            {
                string key = operation.Request.Key;
                if (!before.ContainsKey(key)) before[key] = _items.TryGetValue(key, out Item? item)
                    ? new Item { Value = item.Value, ETag = item.ETag, ExpiresAt = item.ExpiresAt, IsSticky = item.IsSticky } : null;
            }
            StateFailure? failure = Run(operations);
            if (failure is null) return null;
            foreach ((string key, Item? item) in before)
            {
                Remove(key);
                if (item is not null) Add(key, item);
            }
            return failure;
        }
    }

    /// <summary>The values whose keys begin so. This is for a person who looks, and no call of Dapr's API.</summary>
    public IReadOnlyDictionary<string, ReadOnlyMemory<byte>> List(string prefix)
    {
        lock (_gate)
        {
            return _items.Where(i => i.Key.StartsWith(prefix, StringComparison.Ordinal) && !(i.Value.ExpiresAt <= Now))
                .ToDictionary(i => i.Key, i => i.Value.Value, StringComparer.Ordinal);
        }
    }

    /// <summary>Removes all items, as a Redis does that was killed without a snapshot.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _items.Clear();
            _bytes = 0;
        }
    }

    protected abstract bool ShowsExpiry { get; }

    protected virtual bool RollsBack => true;

    protected abstract StateFailure? SaveLocked(StateRequest request);

    protected abstract StateFailure? DeleteLocked(StateRequest request);

    /// <summary>The reason why a key cannot be read, or null. Most stores refuse an empty key (recorded).</summary>
    protected virtual StateFailure? CheckReadKey(string key) => key.Length == 0 ? StateFailure.Error("the key is missing") : null;

    /// <summary>The item, if it exists and has not expired.</summary>
    protected Item? Find(string key)
    {
        if (!_items.TryGetValue(key, out Item? item)) return null;
        return item.ExpiresAt is { } end && end <= Now ? null : item;
    }

    /// <summary>The item, even if it has expired and has not been swept.</summary>
    protected Item? FindUnswept(string key) => _items.GetValueOrDefault(key);

    /// <summary>Writes a value. <paramref name="change"/> sets the other properties of the item.</summary>
    protected StateFailure? Put(string key, ReadOnlyMemory<byte> value, Action<Item> change)
    {
        bool exists = _items.TryGetValue(key, out Item? item);
        if (exists && item!.ExpiresAt is { } end && end <= Now)
        {
            // An expired item leaves nothing behind: the counter of Redis starts again at 1.
            Remove(key);
            exists = false;
        }
        if (!exists)
        {
            if (_items.Count >= MaximumKeys) SweepExpired();
            if (_items.Count >= MaximumKeys)
                return StateFailure.Error($"the development sidecar keeps at most {MaximumKeys} keys per store");
            item = new Item();
        }
        long bytes = _bytes + value.Length - (exists ? item!.Value.Length : 0);
        if (bytes > MaximumBytes) return StateFailure.Error($"the development sidecar keeps at most {MaximumBytes} bytes per store");
        item!.Value = value;
        change(item);
        _items[key] = item;
        _bytes = bytes;
        return null;
    }

    protected void Remove(string key)
    {
        if (_items.Remove(key, out Item? item)) _bytes -= item.Value.Length;
    }

    /// <summary>
    /// Refuses unknown words. In the recordings such a write fails with 500, except on Table and Blob Storage, which ignore options.
    /// </summary>
    protected static StateFailure? CheckOptions(StateRequest request)
    {
        if (request.Concurrency is not (null or "" or "first-write" or "last-write"))
            return StateFailure.Error($"unrecognized concurrency model '{request.Concurrency}'");
        return request.Consistency is null or "" or "strong" or "eventual" ? null
            : StateFailure.Error($"unrecognized consistency model '{request.Consistency}'");
    }

    protected static bool TryParseTimeToLive(string? text, out long? seconds)
    {
        seconds = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) || value > int.MaxValue)
            return false;
        seconds = value;
        return true;
    }

    private StateFailure? Run(IReadOnlyList<StateOperation> operations)
    {
        StateFailure? first = null;
        foreach (StateOperation operation in operations)
        {
            StateFailure? failure = operation.IsDelete ? DeleteLocked(operation.Request) : SaveLocked(operation.Request);
            if (failure is null) continue;
            first ??= failure;
            if (RollsBack) break;
        }
        return first;
    }

    private void Add(string key, Item item)
    {
        _items[key] = item;
        _bytes += item.Value.Length;
    }

    private void SweepExpired()
    {
        DateTimeOffset now = Now;
        foreach (string key in _items.Where(i => i.Value.ExpiresAt is { } end && end <= now).Select(i => i.Key).ToList()) Remove(key);
    }
}
