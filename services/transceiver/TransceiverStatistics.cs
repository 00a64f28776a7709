using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Transceiver;

/// <summary>The answer of <c>GET /internal/v1/stats</c>.</summary>
internal sealed record TransceiverStatistics
{
    public required int Shard { get; init; }
    public required int Sessions { get; init; }

    /// <summary>The number of sessions whose caller has not come yet.</summary>
    public required int Unproven { get; init; }

    /// <summary>The numbers of their records that gave way to newer ones, and of sessions that nobody will end.</summary>
    public required long UnprovenEvicted { get; init; }
    public required long UnprovenUnwatched { get; init; }
    public required int Capacity { get; init; }
    public required bool IsAdmitting { get; init; }
    public required int Slots { get; init; }
    public required long SlotsLost { get; init; }
    public required LatenessView LatenessMs { get; init; }
    public required long Connected { get; init; }
    public required long Refused { get; init; }

    /// <summary>The numbers of sessions that went on here, that another transceiver took, and that were handed over to one.</summary>
    public required long Resumed { get; init; }
    public required long Lost { get; init; }
    public required long HandedOver { get; init; }

    /// <summary>Checkpoints by outcome. Outcomes that never occurred are omitted.</summary>
    public required IReadOnlyDictionary<string, long> Checkpoints { get; init; }

    /// <summary>The number of ended sessions by reason. Reasons that never occurred are omitted.</summary>
    public required IReadOnlyDictionary<string, long> Ended { get; init; }

    /// <summary>Dropped packets, frames, messages and events, by reason (docs/drops.md).</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }
    /// <summary>
    /// Frames that reached the link ports and were dropped there, by reason. A datagram of a stranger is <c>malformed</c> or
    /// <c>unknown_cookie</c>.
    /// </summary>
    public required IReadOnlyDictionary<string, long> LinkDropped { get; init; }

    /// <summary>The number of TCP connections of links that ended, by reason. <c>no_handshake</c> is a stranger.</summary>
    public required IReadOnlyDictionary<string, long> LinkClosed { get; init; }

    /// <summary>The implementation of Opus: <c>libopus</c> or <c>concentus</c>.</summary>
    public required string OpusCodec { get; init; }
    public required long PacketsIn { get; init; }
    public required long PacketsOut { get; init; }
    public required long Faults { get; init; }
    public required long ReportsPending { get; init; }
    public required long ReportsLost { get; init; }
    public required IReadOnlyList<LinkView> Links { get; init; }

    /// <param name="P50">Over the last ten seconds.</param>
    /// <param name="P99">Over the last ten seconds.</param>
    /// <param name="Frames">The number of frames sent on schedule since the start.</param>
    internal sealed record LatenessView(double P50, double P99, long Frames);

    /// <param name="Endpoint">The endpoint that a worker listens on.</param>
    /// <param name="Up">The number of relay links that are up there.</param>
    internal sealed record LinkView(string Endpoint, int Up, long DatagramsIn, long DatagramsOut);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TransceiverStatistics))]
internal sealed partial class TransceiverJson : JsonSerializerContext;
