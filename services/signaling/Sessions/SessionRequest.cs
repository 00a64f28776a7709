using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>A request for a session, whoever made it and in whatever form.</summary>
/// <param name="Agent">The agent that the caller names directly. If it is null, <paramref name="Session"/>, then the model, then the
/// default decides.</param>
/// <param name="Model">The model of <c>?model=</c>. It chooses the agent of that name if there is one. Otherwise it is only echoed.</param>
/// <param name="RequiredAgent">The only agent allowed, or null.</param>
/// <param name="MaximumSeconds">The duration asked for, 1 or more. The service's own limit applies as well.</param>
/// <param name="OfferField">The caller's name for the offer, for errors.</param>
internal sealed record SessionRequest(
    string OfferSdp, JsonElement? Session, string? Agent, string? Model, string? RequiredAgent, int? MaximumSeconds, string ClientKind,
    string? EphemeralKeyId, string OfferField)
{
    /// <summary>The longest offer accepted. A browser's offer has 1.5 to 6 KiB.</summary>
    public const int MaximumOfferBytes = 64 * 1024;

    /// <summary>The longest session object that a session record holds (libs/Contracts).</summary>
    public const int MaximumSessionBytes = 16 * 1024;

    /// <summary>Only the names of fields that may be repeated in an error and in a log are this short and this plain.</summary>
    private const int MaximumEchoedName = 64;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = ReadableJson.Encoder };

    /// <summary>
    /// Checks that a session is an object of bounded size and of a kind that exists here. The agent judges the rest of its content.
    /// </summary>
    public static ApiError? CheckSession(JsonElement? session, int limitBytes)
    {
        if (session is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Object)
            return ApiError.Invalid("invalid_session", "'session' should be a JSON object.", "session");
        if (Encoding.UTF8.GetByteCount(value.GetRawText()) > limitBytes)
            return ApiError.Invalid("session_too_large", $"'session' may have at most {limitBytes / 1024} KiB.", "session");
        if (value.TryGetProperty("type", out JsonElement type) && type.ValueKind != JsonValueKind.Null
            && !(type.ValueKind == JsonValueKind.String && type.ValueEquals("realtime")))
            return ApiError.Invalid("unsupported_session_type", "'session.type' should be 'realtime'. Other sessions, such as "
                + "'transcription', do not exist here.", "session.type");
        return value.TryGetProperty("agent", out JsonElement agent) && agent.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)
            ? ApiError.Invalid("invalid_session", "'session.agent' should be a string.", "session.agent")
            : null;
    }

    /// <summary>Checks the duration that a caller asks for.</summary>
    /// <param name="field">The caller's name for it.</param>
    public static ApiError? CheckMaximum(int? seconds, string field) => seconds is < 1
        ? ApiError.Invalid($"invalid_{JsonNamingPolicy.SnakeCaseLower.ConvertName(field)}", $"'{field}' should be 1 or more.", field)
        : null;

    /// <summary>Refuses fields that nobody reads. A typing mistake in a limit would otherwise be noticed only when it is missed.</summary>
    public static ApiError? CheckUnknown(Dictionary<string, JsonElement>? unknown, string known)
    {
        if (unknown is not { Count: > 0 }) return null;
        string name = unknown.Keys.First();
        bool isPlain = name.Length is > 0 and <= MaximumEchoedName && name.All(c => c is > ' ' and <= '~');
        return ApiError.Invalid("unknown_parameter", $"{(isPlain ? $"'{name}'" : "A field")} is unknown here. Known are {known}.",
            isPlain ? name : null);
    }

    /// <summary>
    /// Lays a key's session over its bearer's. Where both have a field, the key's counts. Objects are merged, and lists are replaced.
    /// </summary>
    public static JsonElement? Overlay(JsonElement? bearers, JsonElement? keys)
    {
        if (bearers is not { ValueKind: JsonValueKind.Object } below || keys is not { ValueKind: JsonValueKind.Object } above)
            return keys ?? bearers;
        JsonObject merged = JsonObject.Create(below)!;
        Merge(merged, above);
        return JsonElement.Parse(merged.ToJsonString(Readable));
    }

    private static void Merge(JsonObject into, JsonElement from)
    {
        foreach (JsonProperty field in from.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Object && into[field.Name] is JsonObject inner) Merge(inner, field.Value);
            else into[field.Name] = JsonNode.Parse(field.Value.GetRawText());
        }
    }
}
