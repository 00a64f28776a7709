using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.TestKit;

/// <summary>
/// A state store in memory with the outcomes of the real ones: compare-and-set and create-only. A test can make it unreachable, or make it
/// lose an answer after it has written. Values go through JSON, as they do in the real stores.
/// </summary>
public sealed class MemoryStateStore : IStateStore
{
    private static readonly TimeSpan Late = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Json, long ETag)> _values = new(StringComparer.Ordinal);
    private long _etag;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private int _waitingReads;

    /// <summary>While it is true, nothing can be read or written.</summary>
    public bool IsAway { get; set; }

    /// <summary>What is wrong with the store.</summary>
    public StateFault Fault { get; set; }

    /// <summary>How many reads of one value fail before the next one succeeds.</summary>
    public int AwayForReads { get; set; }

    /// <summary>Each read of one value waits for it.</summary>
    public Task ReadGate { get; set; } = Task.CompletedTask;

    /// <summary>The number of reads of one value that wait for <see cref="ReadGate"/> now.</summary>
    public int WaitingReads => Volatile.Read(ref _waitingReads);

    /// <summary>Is asked before each write. If it returns true, the value is written and the answer is lost.</summary>
    public Func<string, bool> LosesAnswer { get; set; } = static _ => false;

    /// <summary>Is called with each value that was written, in order, and with null for a value that was deleted.</summary>
    public Action<string, string?> Written { get; set; } = static (_, _) => { };

    public int Reads { get; private set; }
    public int Writes { get; private set; }

    /// <summary>True if the value has been read, or is being read.</summary>
    public bool HasRead(string store, string key)
    {
        lock (_lock) return _read.Contains(Name(store, key));
    }

    /// <summary>The keys of a store that begin with a text.</summary>
    public IReadOnlyList<string> Keys(string store, string prefix)
    {
        string begin = Name(store, prefix);
        lock (_lock)
            return [.. _values.Keys.Where(k => k.StartsWith(begin, StringComparison.Ordinal)).Select(k => k[(store.Length + 1)..])];
    }

    public T? Peek<T>(string store, string key, JsonTypeInfo<T> type) where T : class
    {
        lock (_lock) return _values.TryGetValue(Name(store, key), out (string Json, long ETag) found)
            ? JsonSerializer.Deserialize(found.Json, type) : null;
    }

    /// <summary>Writes as another client does that reaches the store while <see cref="IsAway"/> is true.</summary>
    public void Put<T>(string store, string key, T value, JsonTypeInfo<T> type)
    {
        lock (_lock) _values[Name(store, key)] = (JsonSerializer.Serialize(value, type), ++_etag);
    }

    /// <summary>Deletes everything, as a store that came back empty.</summary>
    public void Wipe()
    {
        lock (_lock) _values.Clear();
    }

    public async Task<StateReadResult<T>> ReadAsync<T>(
        string store, string key, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        lock (_lock)
        {
            Reads++;
            _read.Add(Name(store, key));
        }
        Interlocked.Increment(ref _waitingReads);
        await ReadGate;
        Interlocked.Decrement(ref _waitingReads);
        if (await FaultOfReadAsync() is { } fault) return new StateReadResult<T>(fault, null, Fault.ToString());
        lock (_lock)
        {
            if (IsAway || AwayForReads-- > 0) return new StateReadResult<T>(StateReadOutcome.Unavailable, null, "AWAY");
            StateEntry<T>? entry = Find(store, key, type);
            return new StateReadResult<T>(entry is null ? StateReadOutcome.Missing : StateReadOutcome.Found, entry, null);
        }
    }

    public async Task<StateBulkReadResult<T>> GetBulkAsync<T>(
        string store, IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        if (await FaultOfReadAsync() is { } fault)
        {
            // A bulk read tells of values that are no JSON by their keys.
            return fault == StateReadOutcome.Malformed
                ? new StateBulkReadResult<T>(StateReadOutcome.Found, new Dictionary<string, StateEntry<T>>(), [.. keys], null)
                : new StateBulkReadResult<T>(fault, new Dictionary<string, StateEntry<T>>(), [], Fault.ToString());
        }
        lock (_lock)
        {
            Reads++;
            var entries = new Dictionary<string, StateEntry<T>>(StringComparer.Ordinal);
            if (IsAway) return new StateBulkReadResult<T>(StateReadOutcome.Unavailable, entries, [], "AWAY");
            foreach (string key in keys)
            {
                if (Find(store, key, type) is { } entry) entries[key] = entry;
            }
            return new StateBulkReadResult<T>(StateReadOutcome.Found, entries, [], null);
        }
    }

    public Task<StateWriteResult> TrySaveAsync<T>(string store, string key, T value, string etag, JsonTypeInfo<T> type,
        TimeSpan? timeToLive = null, CancellationToken cancellation = default)
        => Write(store, key, JsonSerializer.Serialize(value, type), current => current is not null && Text(current.Value) == etag);

    public Task<StateWriteResult> TryCreateAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default)
        => Write(store, key, JsonSerializer.Serialize(value, type), current => current is null);

    public Task<StateWriteResult> SaveAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default)
        => Write(store, key, JsonSerializer.Serialize(value, type), static _ => true);

    public Task<StateWriteResult> DeleteAsync(string store, string key, string? etag = null, CancellationToken cancellation = default)
        => Write(store, key, null, current => etag is null || (current is not null && Text(current.Value) == etag));

    private StateEntry<T>? Find<T>(string store, string key, JsonTypeInfo<T> type)
        => _values.TryGetValue(Name(store, key), out (string Json, long ETag) found)
        ? new StateEntry<T>(key, JsonSerializer.Deserialize(found.Json, type), Text(found.ETag)) : null;

    private async Task<StateReadOutcome?> FaultOfReadAsync()
    {
        if (Fault is StateFault.Silent or StateFault.Slow) await Task.Delay(Late);
        return Fault switch
        {
            StateFault.Error or StateFault.Silent => StateReadOutcome.Unavailable,
            StateFault.Garbage => StateReadOutcome.Malformed,
            StateFault.Refused => StateReadOutcome.Refused,
            _ => null,
        };
    }

    private async Task<StateWriteOutcome?> FaultOfWriteAsync()
    {
        if (Fault is StateFault.Silent or StateFault.Slow) await Task.Delay(Late);
        return Fault switch
        {
            StateFault.Conflict => StateWriteOutcome.Conflict,
            StateFault.Error or StateFault.Silent or StateFault.Garbage => StateWriteOutcome.Unavailable,
            StateFault.Refused => StateWriteOutcome.Refused,
            _ => null,
        };
    }

    private async Task<StateWriteResult> Write(string store, string key, string? json, Func<long?, bool> mayWrite)
    {
        if (await FaultOfWriteAsync() is { } fault) return new StateWriteResult(fault, Fault.ToString());
        lock (_lock)
        {
            if (IsAway) return new StateWriteResult(StateWriteOutcome.Unavailable, "AWAY");
            string name = Name(store, key);
            if (!mayWrite(_values.TryGetValue(name, out (string Json, long ETag) current) ? current.ETag : null))
                return new StateWriteResult(StateWriteOutcome.Conflict, "CONFLICT");
            if (json is null) _values.Remove(name);
            else _values[name] = (json, ++_etag);
            Writes++;
            Written(key, json);
            return LosesAnswer(key) ? new StateWriteResult(StateWriteOutcome.Unavailable, "ANSWER_LOST")
                : new StateWriteResult(StateWriteOutcome.Written, null);
        }
    }

    private static string Name(string store, string key) => store + '/' + key;

    private static string Text(long etag) => '"' + etag.ToString(CultureInfo.InvariantCulture) + '"';
}
