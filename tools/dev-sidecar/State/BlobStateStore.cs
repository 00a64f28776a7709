using System.Globalization;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar.State;

/// <summary>
/// Azure Blob Storage. ETags look like <c>"0x8DC…"</c> and include the quotes. There is no TTL, there are no transactions, and options are
/// ignored. A lost create is answered with 500, and any ETag that does not match with 409.
/// </summary>
internal sealed class BlobStateStore(TimeProvider time) : StateStore(time)
{
    private long _lastStamp;

    /// <exception cref="ResourceException">The service refuses the name of the container. The real sidecar creates the container at its
    /// start, so it does not start in this case.</exception>
    public static BlobStateStore CreateNamed(ComponentSpec component, TimeProvider time)
    {
        string container = component.Find("containerName")!;
        bool isName = container.Length is >= 3 and <= 63 && container.All(
            c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            && container[0] != '-' && container[^1] != '-' && !container.Contains("--", StringComparison.Ordinal);
        return isName
            ? new BlobStateStore(time)
            : throw component.Source.Error($"component '{component.Name}': '{container}' is no name of a container. Write 3 to 63 "
            + $"lower-case letters, digits and single hyphens between them.");
    }

    public override IReadOnlyList<string> Capabilities { get; } = ["ETAG"];

    public override bool HasTransactions => false;

    protected override bool ShowsExpiry => false;

    protected override StateFailure? SaveLocked(StateRequest request)
    {
        Item? item = Find(request.Key);
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
