using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Transceiver;

/// <summary>Answer of <c>GET /internal/v1/stats</c>.</summary>
internal sealed record TransceiverStatistics
{
    public required int Shard { get; init; }
    public required int Sessions { get; init; }
    public required int Capacity { get; init; }
    public required bool IsAdmitting { get; init; }
    public required int Slots { get; init; }
    public required long SlotsLost { get; init; }
    public required LatenessView LatenessMs { get; init; }
    public required long Connected { get; init; }
    public required long Refused { get; init; }

    /// <summary>Ended sessions by reason; reasons that never came are left out.</summary>
    public required IReadOnlyDictionary<string, long> Ended { get; init; }

    /// <summary>Packets, frames, messages and events given up, by reason (docs/drops.md).</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }
    /// <summary>
    /// Frames that came to the link ports and were thrown away there, by reason: a datagram of a stranger is <c>malformed</c> or
    /// <c>unknown_cookie</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, long> LinkDropped { get; init; }

    /// <summary>Connections of links over TCP that ended, by reason: <c>no_handshake</c> is a stranger.</summary>
    public required IReadOnlyDictionary<string, long> LinkClosed { get; init; }

    /// <summary>What codes Opus: <c>libopus</c> or <c>concentus</c>.</summary>
    public required string OpusCodec { get; init; }
    public required long PacketsIn { get; init; }
    public required long PacketsOut { get; init; }
    public required long Faults { get; init; }
    public required long ReportsPending { get; init; }
    public required long ReportsLost { get; init; }
    public required IReadOnlyList<LinkView> Links { get; init; }

    /// <param name="P50">Over the last ten seconds.</param>
    /// <param name="P99">Over the last ten seconds.</param>
    /// <param name="Frames">Frames on schedule, ever.</param>
    internal sealed record LatenessView(double P50, double P99, long Frames);

    /// <param name="Endpoint">Where a worker listens.</param>
    /// <param name="Up">Relay links that are up there.</param>
    internal sealed record LinkView(string Endpoint, int Up, long DatagramsIn, long DatagramsOut);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TransceiverStatistics))]
internal sealed partial class TransceiverJson : JsonSerializerContext;
