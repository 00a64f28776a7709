using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Contracts;

/// <summary>
/// How the types of this project are written as JSON: property names in camelCase, enums as snake_case words, nulls omitted.
/// </summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(SnakeCaseEnum<SessionState>), typeof(SnakeCaseEnum<SessionEndReason>)])]
[JsonSerializable(typeof(TransceiverRecord))]
[JsonSerializable(typeof(SlotRecord))]
[JsonSerializable(typeof(SessionRecord))]
[JsonSerializable(typeof(CheckpointRecord))]
[JsonSerializable(typeof(HandOverRequest))]
[JsonSerializable(typeof(HandOverAnswer))]
[JsonSerializable(typeof(CallPage))]
[JsonSerializable(typeof(IceRestart))]
[JsonSerializable(typeof(IceRestarted))]
[JsonSerializable(typeof(LifecycleEvent))]
[JsonSerializable(typeof(FleetEvent))]
[JsonSerializable(typeof(List<SessionRecord>))]
public sealed partial class ContractsJson : JsonSerializerContext;

/// <summary>Writes <c>ClientHangup</c> as <c>client_hangup</c>, which is the word in records and events.</summary>
public sealed class SnakeCaseEnum<TEnum>() : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.SnakeCaseLower) where TEnum : struct, Enum;
