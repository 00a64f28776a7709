using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// The part of Dapr's state API that behaves the same on every store that was recorded (docs/dapr.md). A key has at most 250 letters,
/// digits, <c>.</c>, <c>-</c> and <c>_</c>; other keys throw <see cref="ArgumentException"/>. If the caller cancels, a method throws <see
/// cref="OperationCanceledException"/>. Everything else is an outcome. There are no transactions, because two of six stores have none and
/// Redis does not roll back. Thread-safe.
/// </summary>
public interface IStateStore
{
    /// <summary>Reads one value.</summary>
    Task<StateReadResult<T>> ReadAsync<T>(string store, string key, JsonTypeInfo<T> type, CancellationToken cancellation = default);

    /// <summary>
    /// Reads one value, or null if the key is missing. If the state of the key can't be determined, it throws <see
    /// cref="SidecarException"/>.
    /// </summary>
    async Task<StateEntry<T>?> GetAsync<T>(string store, string key, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        StateReadResult<T> read = await ReadAsync(store, key, type, cancellation).ConfigureAwait(false);
        return read.IsKnown ? read.Entry : throw new SidecarException(
            $"State '{key}' of '{store}' cannot be read: {read.Outcome}, {read.ErrorCode}.");
    }

    /// <summary>Reads several values with one call to the store. 50 keys take about 10 ms on Redis.</summary>
    Task<StateBulkReadResult<T>> GetBulkAsync<T>(
        string store, IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellation = default);

    /// <summary>
    /// Writes a value if the key still has the ETag that was read. It always uses <c>first-write</c>, because with last-write Redis ignores
    /// a stale ETag.
    /// </summary>
    Task<StateWriteResult> TrySaveAsync<T>(string store, string key, T value, string etag, JsonTypeInfo<T> type,
        TimeSpan? timeToLive = null, CancellationToken cancellation = default);

    /// <summary>
    /// Writes a value if the key does not exist. A lost create is <c>Aborted</c> on some stores and <c>Internal</c> on others, so the key
    /// is read after a failure. If its value equals ours, it counts as written. Therefore <paramref name="value"/> must identify its writer
    /// (an incarnation, a session). Use this only for keys that <see cref="SaveAsync"/> never writes: Redis overwrites a key that was not
    /// created this way.
    /// </summary>
    Task<StateWriteResult> TryCreateAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default);

    /// <summary>
    /// Writes a value and replaces whatever is there. A Redis key that was once written by compare-and-set rejects a write without an ETag,
    /// also with last-write. In that case the key is read, and then written with its current ETag.
    /// </summary>
    Task<StateWriteResult> SaveAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default);

    /// <summary>
    /// Deletes a key. Without an ETag, a missing key counts as deleted. With an ETag, a missing key is <c>Written</c> on Redis and Table
    /// Storage and <c>Conflict</c> elsewhere, and Redis reports every error as a conflict. So <c>Conflict</c> means "unknown" here.
    /// </summary>
    Task<StateWriteResult> DeleteAsync(string store, string key, string? etag = null, CancellationToken cancellation = default);
}
