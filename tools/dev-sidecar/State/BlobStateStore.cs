using System.Globalization;

namespace Dapr.Voice.DevSidecar;

/// <summary>Azure Blob Storage: ETags like <c>"0x8DC…"</c> with their quotes, no TTL, no transactions, options not looked at; a lost create is 500, every ETag that does not fit 409.</summary>
internal sealed class BlobStateStore(TimeProvider time) : StateStore(time)
{
    private long _lastStamp;

    public override IReadOnlyList<string> Capabilities { get; } = ["ETAG"];

    public override bool HasTransactions => false;

    protected override bool ShowsExpiry => false;

    protected override StateFailure? SaveLocked(StateRequest request)
    {
        var item = Find(request.Key);
        if (request.HasETag)
        {
            if (item?.ETag != request.ETag) return StateFailure.Mismatch;
        }
        else if (request.IsFirstWrite && item is not null)
        {
            return StateFailure.Error("error uploading blob: BlobAlreadyExists");
        }
        return Put(request.Key, request.Value, stored =>
        {
            _lastStamp = Math.Max(_lastStamp + 1, Now.UtcTicks);
            stored.ETag = string.Create(CultureInfo.InvariantCulture, $"\"0x{_lastStamp:X15}\"");
        });
    }

    protected override StateFailure? DeleteLocked(StateRequest request)
    {
        if (request.HasETag && Find(request.Key)?.ETag != request.ETag) return StateFailure.Mismatch;
        Remove(request.Key);
        return null;
    }
}
