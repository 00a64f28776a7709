using System.Globalization;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Infra.Manifests;

/// <summary>The app ids of this product: <c>signaling</c>, <c>relay</c>, <c>transceiver-00</c> to <c>transceiver-99</c>.</summary>
internal static class AppNames
{
    private static readonly string TransceiverPrefix = AppIds.Transceiver(0)[..^2];

    public static bool IsOurs(string app) => app is AppIds.Signaling or AppIds.Relay || ShardOf(app) is not null;

    public static bool IsTransceiver(string app) => ShardOf(app) is not null;

    /// <summary>Returns the shard of a transceiver's app id, or null for any other text.</summary>
    public static int? ShardOf(string app)
        => app.StartsWith(TransceiverPrefix, StringComparison.Ordinal)
        && int.TryParse(app[TransceiverPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int shard)
            && AppIds.Transceiver(shard) == app && shard < 100 ? shard : null;

    /// <summary>
    /// Returns the service whose image an app runs: <c>signaling</c>, <c>relay</c> or <c>transceiver</c>. Null for another app.
    /// </summary>
    public static string? ServiceOf(string app)
        => app is AppIds.Signaling or AppIds.Relay ? app : IsTransceiver(app) ? "transceiver" : null;
}
