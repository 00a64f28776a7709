using System.Globalization;

namespace Dapr.Voice.DevSidecar.State;

/// <summary>Redis as the component uses it: a script over a hash with the fields data, version and first-write.</summary>
/// <remarks>This has consequences. ETags count from 1, and start again after a delete. With last-write the ETag is ignored. A key that was
/// once written with first-write refuses every later write without an ETag. A write without a TTL keeps the old one. Nothing is rolled
/// back.</remarks>
internal sealed class RedisStateStore(TimeProvider time) : StateStore(time)
{
    public override IReadOnlyList<string> Capabilities { get; } = ["ETAG", "TRANSACTIONAL", "TTL", "QUERY_API", "ACTOR"];

    public override string QueryErrorCode => "ERR_STATE_QUERY";

    protected override bool ShowsExpiry => false;

    protected override bool RollsBack => false;

    protected override StateFailure? CheckReadKey(string key) => null;

    protected override StateFailure? SaveLocked(StateRequest request)
    {
        if (CheckOptions(request) is { } wrong) return wrong;
        // 0 means that any version is accepted. With last-write it is, whatever the ETag says.
        long version = 0;
        if (request.HasETag && !long.TryParse(request.ETag, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out version))
            return new StateFailure(StateFailureKind.MalformedETag, $"invalid etag value: '{request.ETag}' is no number");
        if (request.Concurrency == "last-write") version = 0;
        if (!TryParseTimeToLive(request.TimeToLive, out long? seconds))
            return StateFailure.Error($"failed to parse ttl from metadata: '{request.TimeToLive}'");

        Item? item = Find(request.Key);
        bool isFree = item is null || item.ETag == version.ToString(CultureInfo.InvariantCulture) || (!item.IsSticky && version == 0);
        if (!isFree) return request.HasETag ? StateFailure.Mismatch : StateFailure.Error($"failed to set key {request.Key}");

        DateTimeOffset now = Now;
        return Put(request.Key, request.Value, stored =>
        {
            stored.ETag = ((long.TryParse(stored.ETag, CultureInfo.InvariantCulture, out long count) ? count : 0)
                + 1).ToString(CultureInfo.InvariantCulture);
            stored.IsSticky |= request.IsFirstWrite;
            if (seconds is { } ttl) stored.ExpiresAt = ttl > 0 ? now.AddSeconds(ttl) : null;
        });
    }

    protected override StateFailure? DeleteLocked(StateRequest request)
    {
        if (CheckOptions(request) is { } wrong) return wrong;
        Item? item = Find(request.Key);
        if (item is not null && request.HasETag && request.ETag != "0" && item.ETag != request.ETag) return StateFailure.Mismatch;
        Remove(request.Key);
        return null;
    }
}
