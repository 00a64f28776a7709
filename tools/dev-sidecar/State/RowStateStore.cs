namespace Dapr.Voice.DevSidecar.State;

internal enum RowStoreKind { Memory, Sqlite, PostgreSql }

/// <summary>
/// The three stores that keep one row for each key, with a random UUID as its ETag. They differ in five answers. PostgreSQL reports a lost
/// create, and an empty value, as an error of the server. Only the in-memory store accepts a TTL below -1, answers a repeated key of a bulk
/// read twice, and reads an empty key.
/// </summary>
internal sealed class RowStateStore(RowStoreKind kind, TimeProvider time) : StateStore(time)
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _start = time.GetUtcNow();

    public override IReadOnlyList<string> Capabilities { get; } = kind switch
    {
        RowStoreKind.Memory => ["ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "ACTOR"],
        RowStoreKind.Sqlite => ["ETAG", "TRANSACTIONAL", "TTL", "DELETE_WITH_PREFIX", "KEYS_LIKE", "ACTOR"],
        _ => ["ETAG", "TRANSACTIONAL", "TTL", "KEYS_LIKE", "ACTOR"],
    };

    public override bool ReadsEachKeyOnce => kind != RowStoreKind.Memory;

    protected override bool ShowsExpiry => true;

    protected override StateFailure? CheckReadKey(string key) => kind == RowStoreKind.Memory ? null : base.CheckReadKey(key);

    protected override StateFailure? SaveLocked(StateRequest request)
    {
        if (CheckOptions(request) is { } wrong) return wrong;
        if (!TryParseTimeToLive(request.TimeToLive, out long? seconds))
            return StateFailure.Error($"error parsing TTL: incorrect value for metadata 'ttlInSeconds': '{request.TimeToLive}'");
        if (seconds < -1 && kind != RowStoreKind.Memory)
            return StateFailure.Error("error parsing TTL: incorrect value for metadata 'ttlInSeconds': must be -1 or greater");

        if (request.Value.IsEmpty && kind == RowStoreKind.PostgreSql) return StateFailure.Error("null value in column \"value\"");

        if (request.HasETag)
        {
            if (Find(request.Key)?.ETag != request.ETag) return StateFailure.Mismatch;
        }
        else if (request.IsFirstWrite && Exists(request.Key))
        {
            return kind == RowStoreKind.PostgreSql ? StateFailure.Error("no item was updated") : StateFailure.Mismatch;
        }

        DateTimeOffset now = Now;
        return Put(request.Key, request.Value, stored =>
        {
            stored.ETag = Guid.NewGuid().ToString();
            stored.ExpiresAt = seconds is > 0 and { } ttl ? now.AddSeconds(ttl) : null;
        });
    }

    protected override StateFailure? DeleteLocked(StateRequest request)
    {
        if (CheckOptions(request) is { } wrong) return wrong;
        if (request.HasETag && Find(request.Key)?.ETag != request.ETag) return StateFailure.Mismatch;
        Remove(request.Key);
        return null;
    }

    // In the in-memory component, an expired item still exists until the next sweep. It sweeps once a second.
    private bool Exists(string key)
    {
        if (Find(key) is not null) return true;
        if (kind != RowStoreKind.Memory || FindUnswept(key)?.ExpiresAt is not { } end) return false;
        long sweeps = (long)Math.Ceiling((end - _start) / SweepInterval);
        return Now < _start + sweeps * SweepInterval;
    }
}
