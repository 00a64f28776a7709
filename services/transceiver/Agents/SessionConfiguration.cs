using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Turns;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The Realtime <c>session</c> object of a built-in agent. Fields and values it does not know are kept and echoed, never refused: that
/// is what unmodified clients need (docs/protocols/realtime.md 2).
/// </summary>
internal sealed class SessionConfiguration
{
    /// <summary>Instructions and tools of a large application have some 20 KiB; the channel's events end at 256.</summary>
    public const int MaximumBytes = 64 * 1024;

    private static readonly string[] OwnMembers = ["id", "object", "expires_at"];

    private JsonObject _value;

    /// <param name="agent">Named as model and voice.</param>
    /// <param name="asked">What the caller, or its ephemeral key, asked for.</param>
    public SessionConfiguration(string agent, JsonElement? asked)
    {
        _value = Defaults(agent);
        if (asked is { } element && JsonNodes.TryParseObject(Encoding.UTF8.GetBytes(element.GetRawText())) is { } update) TryMerge(update);
    }

    public void WriteTo(Utf8JsonWriter json) => _value.WriteTo(json);

    /// <summary>
    /// Lays a <c>session.update</c> over what is. False, and nothing changed, if the result is larger than <see cref="MaximumBytes"/>.
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

    /// <summary>Null: push to talk, the client commits.</summary>
    public TurnOptions? Turns => ReadTurns(_value);

    public bool CreatesResponse => _value.FlagAt("audio", "input", "turn_detection", "create_response") ?? true;
    public bool InterruptsResponse => ReadInterruptsResponse(_value);

    /// <summary>Whether the voice stops when the caller speaks: unless <c>interrupt_response</c> says false.</summary>
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
