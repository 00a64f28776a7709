using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Turns;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The Realtime <c>session</c> object of a built-in agent. Unknown fields and values are kept and echoed and never refused, because
/// unmodified clients need that (docs/protocols/realtime.md 2).
/// </summary>
internal sealed class SessionConfiguration
{
    /// <summary>
    /// The largest size. Instructions and tools of a large application have about 20 KiB. An event on the channel has at most 256 KiB.
    /// </summary>
    public const int MaximumBytes = 64 * 1024;

    private static readonly string[] OwnMembers = ["id", "object", "expires_at"];

    private JsonObject _value;

    /// <param name="agent">The name that the session shows as its model and voice.</param>
    /// <param name="asked">What the caller, or its ephemeral key, asked for.</param>
    public SessionConfiguration(string agent, JsonElement? asked)
    {
        _value = Defaults(agent);
        if (asked is { } element && JsonNodes.TryParseObject(Encoding.UTF8.GetBytes(element.GetRawText())) is { } update) TryMerge(update);
    }

    public void WriteTo(Utf8JsonWriter json) => _value.WriteTo(json);

    /// <summary>A copy of the session, for a successor.</summary>
    public JsonElement ToElement() => JsonElement.Parse(_value.ToJsonString());

    /// <summary>Continues with the session that <see cref="ToElement"/> copied, its id included.</summary>
    public void Restore(JsonElement session)
    {
        if (JsonNodes.TryParseObject(Encoding.UTF8.GetBytes(session.GetRawText())) is { } value) _value = value;
    }

    /// <summary>
    /// Merges a <c>session.update</c> into the session. Returns false and changes nothing if the result is larger than <see
    /// cref="MaximumBytes"/>.
    /// </summary>
    public bool TryMerge(JsonObject update)
    {
        var merged = (JsonObject)_value.DeepClone();
        foreach (string name in OwnMembers) update.Remove(name);
        JsonNodes.MergeInto(merged, update);
        if (Encoding.UTF8.GetByteCount(merged.ToJsonString()) > MaximumBytes) return false;
        _value = merged;
        return true;
    }

    /// <summary>The options of turn detection. Null means push to talk: the client commits its audio.</summary>
    public TurnOptions? Turns => ReadTurns(_value);

    public bool CreatesResponse => _value.FlagAt("audio", "input", "turn_detection", "create_response") ?? true;
    public bool InterruptsResponse => ReadInterruptsResponse(_value);

    /// <summary>Says whether the voice stops when the caller speaks. True unless <c>interrupt_response</c> is false.</summary>
    public static bool ReadInterruptsResponse(JsonNode? session)
        => session.FlagAt("audio", "input", "turn_detection", "interrupt_response")
        ?? session.FlagAt("turn_detection", "interrupt_response") ?? true;

    private static TurnOptions? ReadTurns(JsonObject session)
    {
        if (session.At("audio", "input", "turn_detection") is not JsonObject detection) return null;
        TurnOptions defaults = TurnOptions.Default;
        if (detection.TextAt("type") == "semantic_vad")
        {
            // Nothing here understands words, so eagerness can only say how long a pause may be.
            return defaults with
            {
                SilenceMilliseconds = detection.TextAt("eagerness") switch { "low" => 800, "high" => 300, _ => 500 },
            };
        }
        return new TurnOptions(
            detection.NumberAt("threshold") ?? defaults.Threshold,
            ToMilliseconds(detection.NumberAt("prefix_padding_ms")) ?? defaults.PrefixPaddingMilliseconds,
            ToMilliseconds(detection.NumberAt("silence_duration_ms")) ?? defaults.SilenceMilliseconds).Clamped();
    }

    private static int? ToMilliseconds(double? value)
        => value is { } number && double.IsFinite(number) ? (int)Math.Clamp(number, 0, 100_000) : null;

    private static JsonObject Defaults(string agent) => new()
    {
        ["type"] = "realtime",
        ["object"] = "realtime.session",
        ["id"] = RealtimeIds.NewSession(),
        ["model"] = agent,
        ["output_modalities"] = new JsonArray("audio"),
        ["instructions"] = "",
        ["tools"] = new JsonArray(),
        ["tool_choice"] = "auto",
        ["max_output_tokens"] = "inf",
        ["tracing"] = null,
        ["audio"] = new JsonObject
        {
            ["input"] = new JsonObject
            {
                ["format"] = new JsonObject { ["type"] = "audio/pcm", ["rate"] = 24_000 },
                ["transcription"] = null,
                ["noise_reduction"] = null,
                ["turn_detection"] = new JsonObject
                {
                    ["type"] = "server_vad",
                    ["threshold"] = 0.5,
                    ["prefix_padding_ms"] = 300,
                    ["silence_duration_ms"] = 500,
                    ["idle_timeout_ms"] = null,
                    ["create_response"] = true,
                    ["interrupt_response"] = true,
                },
            },
            ["output"] = new JsonObject
            {
                ["format"] = new JsonObject { ["type"] = "audio/pcm", ["rate"] = 24_000 },
                ["voice"] = agent,
                ["speed"] = 1,
            },
        },
    };
}
