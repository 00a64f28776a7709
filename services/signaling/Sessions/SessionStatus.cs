using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>Who told the status of a session.</summary>
internal enum StatusSource
{
    /// <summary>The owner, which has the counters of now.</summary>
    Owner,
    /// <summary>The record, because the session has ended or its owner did not answer.</summary>
    Record,
}

/// <summary>A session as other services see it: the record without the data of its transport.</summary>
/// <param name="Owner">Null for a caller, as are the slot and the statistics: they describe the fleet.</param>
/// <param name="AsOf">The moment that state and statistics describe.</param>
internal sealed record SessionStatus(
    string CallId, SessionState State, string Region, string? Owner, int? Slot, string Agent, string ClientKind, DateTimeOffset CreatedAt,
    DateTimeOffset? ConnectedAt, DateTimeOffset? EndedAt, SessionEndReason? EndReason, string? EndDetail, int MaximumSeconds,
    DateTimeOffset ExpiresAt, StatusSource Source, DateTimeOffset AsOf, SessionStatistics? Statistics)
{
    /// <param name="asOf">The moment at which a session that has not ended was like that.</param>
    public static SessionStatus Of(SessionRecord record, StatusSource source, DateTimeOffset asOf) => new(
        record.CallId, record.State, record.Region, record.OwnerAppId, record.Slot, record.Agent, record.ClientKind, record.CreatedAt,
        record.ConnectedAt, record.EndedAt, record.State == SessionState.Ended ? record.EndReason : null, record.EndDetail,
        record.MaximumSeconds, record.CreatedAt + TimeSpan.FromSeconds(record.MaximumSeconds), source, record.EndedAt ?? asOf,
        record.Statistics);

    /// <summary>What the caller of a session sees of it.</summary>
    public SessionStatus ForCaller() => this with { Owner = null, Slot = null, Statistics = null };
}

/// <summary>The JSON of a session's status. Names are camelCase, as in everything between services.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(SnakeCaseEnum<SessionState>), typeof(SnakeCaseEnum<SessionEndReason>), typeof(SnakeCaseEnum<StatusSource>)])]
[JsonSerializable(typeof(SessionStatus))]
internal sealed partial class SessionStatusJson : JsonSerializerContext;
