using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Relay;

/// <summary>The answer of <c>GET /internal/v1/stats</c>.</summary>
/// <param name="Packets">Packets per verdict, summed over all workers. A verdict that was never given is not in it.</param>
internal sealed record RelayStats(string Id, int Flows, IReadOnlyDictionary<string, long> Packets, IReadOnlyList<WorkerStats> Workers);

/// <param name="Private">Links over UDP, in datagrams.</param>
/// <param name="PrivateTcp">Links over TCP, in units as long as datagrams.</param>
/// <param name="Strangers">Datagrams that reached the link socket from an address that no link belongs to.</param>
/// <param name="LinkDown">Packets whose owner was known but had no link.</param>
internal sealed record WorkerStats(
    int Worker, int Flows, IReadOnlyDictionary<string, long> Packets, SocketStats? Public, TcpStats? Tcp, SocketStats Private,
    SocketStats PrivateTcp, long Strangers, long LinkDown, IReadOnlyList<LinkStats> Links);

/// <summary>A link to one worker of a transceiver.</summary>
internal sealed record LinkStats(string Remote, bool Up, int Shard, int Slots, double? RttMs, IReadOnlyDictionary<string, long> Drops);

/// <summary>The TCP connections of clients.</summary>
/// <param name="Bound">Connections that have proved that they belong to a session.</param>
/// <param name="Closes">Ended connections per <see cref="PacketPath.TcpClose"/>.</param>
internal sealed record TcpStats(
    int Connections, int Bound, long Accepted, long AcceptPauses, long Received, long Sent, long EmptyFrames, long MediaTooOld,
    long MediaNoRoom, IReadOnlyDictionary<string, long> Closes);

internal sealed record SocketStats(
    long Received, long Sent, long ReceiveErrors, long SendErrors, long SendQueueFull, long Oversized, long KernelDrops);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RelayStats))]
internal sealed partial class RelayJson : JsonSerializerContext;
