using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Transceiver.Agents;

namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>What a checkpoint says about a session beside its keys and its conversation.</summary>
internal sealed record SessionFacts
{
    /// <summary>Our ufrag after the last ICE restart.</summary>
    public required string LocalUfrag { get; init; }

    /// <summary>The caller's ICE credentials after the last ICE restart, as in the session's record.</summary>
    public required string RemoteUfrag { get; init; }
    public string? SealedIcePwd { get; init; }
    public required DateTimeOffset ConnectedAt { get; init; }

    /// <summary>When this was written, by the writer's clock.</summary>
    public required DateTimeOffset WrittenAt { get; init; }

    /// <summary>How long the session had lasted then.</summary>
    public required long ElapsedMilliseconds { get; init; }

    /// <summary>The sequence number of the last lifecycle event.</summary>
    public required long EventSequence { get; init; }

    /// <summary>The ids of the relays' workers by the number that the writer gave their links (<c>LinkBase.Link</c>).</summary>
    public IReadOnlyDictionary<int, string> Relays { get; init; } = new Dictionary<int, string>();

    public required AgentState Agent { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SessionFacts))]
internal sealed partial class CheckpointJson : JsonSerializerContext;
