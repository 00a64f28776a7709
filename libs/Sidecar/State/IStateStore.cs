using System.Text.Json.Serialization.Metadata;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// Dapr's state API as far as it means the same on every store that was recorded (docs/dapr.md). A key consists of at most 250 letters,
/// digits,
/// <c>.</c>, <c>-</c> and <c>_</c>; other keys throw <see cref="ArgumentException"/>. Cancellation by the caller throws
/// <see cref="OperationCanceledException"/>; everything else is an outcome. There are no transactions: two of six stores have none, and
/// Redis does not roll back. Any thread may call.
/// </summary>
public interface IStateStore
{
    /// <summary>One value.</summary>
    Task<StateReadResult<T>> ReadAsync<T>(string store, string key, JsonTypeInfo<T> type, CancellationToken cancellation = default);

    /// <summary>
    /// One value, null if the key is missing. Throws <see cref="SidecarException"/> where <see cref="ReadAsync"/> would not know.
    /// </summary>
    async Task<StateEntry<T>?> GetAsync<T>(string store, string key, JsonTypeInfo<T> type, CancellationToken cancellation = default)
    {
        StateReadResult<T> read = await ReadAsync(store, key, type, cancellation).ConfigureAwait(false);
        return read.IsKnown ? read.Entry : throw new SidecarException(
            $"State '{key}' of '{store}' cannot be read: {read.Outcome}, {read.ErrorCode}.");
    }

    /// <summary>Several values with one call to the store; 50 keys take about 10 ms on Redis.</summary>
    Task<StateBulkReadResult<T>> GetBulkAsync<T>(
        string store, IReadOnlyCollection<string> keys, JsonTypeInfo<T> type, CancellationToken cancellation = default);

    /// <summary>
    /// Writes if the key still has the ETag that was read (always with <c>first-write</c>: Redis lets last-write overrule a stale ETag).
    /// </summary>
    Task<StateWriteResult> TrySaveAsync<T>(string store, string key, T value, string etag, JsonTypeInfo<T> type,
        TimeSpan? timeToLive = null, CancellationToken cancellation = default);

    /// <summary>
    /// Writes if the key does not exist. A lost create is <c>Aborted</c> on some stores and <c>Internal</c> on others, so the key is read
    /// back after a failure. A value there that equals ours counts as written; <paramref name="value"/> therefore has to name its writer
    /// (an incarnation, a session). Use it only for keys that <see cref="SaveAsync"/> never writes: Redis overwrites a key that was not
    /// created this way.
    /// </summary>
    Task<StateWriteResult> TryCreateAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default);

    /// <summary>
    /// Writes over whatever is there. On Redis a key that was once written by compare-and-set refuses a write without an ETag, also with
    /// last-write. In that case the key is read, and written with the ETag that it has.
    /// </summary>
    Task<StateWriteResult> SaveAsync<T>(
        string store, string key, T value, JsonTypeInfo<T> type, TimeSpan? timeToLive = null, CancellationToken cancellation = default);

    /// <summary>
    /// Deletes; a missing key counts as deleted where no ETag is given. With an ETag a missing key is <c>Written</c> on Redis and Table
    /// Storage and
    /// <c>Conflict</c> elsewhere, and Redis reports any error as a conflict. So <c>Conflict</c> means "unknown" here.
    /// </summary>
    Task<StateWriteResult> DeleteAsync(string store, string key, string? etag = null, CancellationToken cancellation = default);
}
