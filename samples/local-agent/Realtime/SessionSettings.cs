using System.Text.Json.Nodes;
using Dapr.Voice.LocalAgent.Speaking;
using Dapr.Voice.Turns;

namespace Dapr.Voice.LocalAgent.Realtime;

/// <summary>
/// The <c>session</c> object: the client's values merged into our defaults. Unknown fields and values are kept and echoed.
/// </summary>
internal sealed class SessionSettings
{
    /// <summary>The largest size. Instructions and tools of a large application are far smaller.</summary>
    public const int MaximumBytes = 256 * 1024;

    private JsonObject _session;

    public SessionSettings(string model) => _session = new JsonObject
    {
        ["type"] = "realtime",
        ["object"] = "realtime.session",
        ["id"] = RealtimeIds.Next("sess_"),
        ["model"] = model,
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
                ["format"] = new JsonObject { ["type"] = "audio/pcm", ["rate"] = SpeechSynthesizer.SampleRate },
                ["noise_reduction"] = null,
                ["transcription"] = new JsonObject { ["model"] = "pocketsphinx" },
                ["turn_detection"] = DefaultDetection("server_vad"),
            },
            ["output"] = new JsonObject
            {
                ["format"] = new JsonObject { ["type"] = "audio/pcm", ["rate"] = SpeechSynthesizer.SampleRate },
                ["voice"] = "espeak",
                ["speed"] = 1,
            },
        },
    };

    public JsonObject Copy() => (JsonObject)_session.DeepClone();

    public JsonArray? Tools => _session["tools"] as JsonArray;
    public bool IsTranscribed => _session.At("audio", "input", "transcription") is JsonObject;
    public bool CreatesResponses => Detection.At("create_response").Bool() ?? true;
    public bool InterruptsResponses => Detection.At("interrupt_response").Bool() ?? true;
    public bool IsSemantic => Detection.At("type").Text() == "semantic_vad";
    public JsonNode? OutputModalities => _session["output_modalities"];
    public JsonNode? OutputAudio => _session.At("audio", "output");

    /// <summary>Null if the client ends turns itself.</summary>
    public TurnOptions? TurnOptions
    {
        get
        {
            if (Detection is not JsonObject detection) return null;
            if (!IsSemantic)
            {
                return new TurnOptions(
                    detection["threshold"].Number() ?? 0.5,
                    (int)Math.Clamp(detection["prefix_padding_ms"].Number() ?? 300, 0, 10_000),
                    (int)Math.Clamp(detection["silence_duration_ms"].Number() ?? 500, 0, 60_000)).Clamped();
            }
            // The hosted service waits up to 8, 4 or 2 s for a sentence that sounds unfinished. This agent only recognises complete
            // commands, which end the turn in the first pause. The values here are for all other speech.
            int silence = detection["eagerness"].Text() switch { "low" => 1200, "high" => 500, _ => 800 };
            return new TurnOptions(0.5, 300, silence);
        }
    }

    private JsonNode? Detection => _session.At("audio", "input", "turn_detection");

    /// <returns>Null if the update was applied. Otherwise what is wrong with it.</returns>
    public (string Code, string Message, string Parameter)? Update(JsonObject update)
    {
        foreach (string side in new[] { "input", "output" })
        {
            JsonNode? format = update.At("audio", side, "format");
            if (format is JsonObject && format["type"].Text() is { } type && type != "audio/pcm")
                return ("unsupported_format", $"This agent takes and gives audio/pcm at 24 kHz, not '{type}'.",
                    $"session.audio.{side}.format");
            if (format is JsonObject && format["rate"].Number() is { } rate && rate != SpeechSynthesizer.SampleRate)
                return ("unsupported_format", "This agent takes and gives audio/pcm at 24 kHz only.", $"session.audio.{side}.format.rate");
        }
        JsonObject merged = Copy();
        Merge(merged, update);
        if (merged.ToJsonString().Length > MaximumBytes)
            return ("session_too_large", $"A session has at most {MaximumBytes} bytes.", "session");
        _session = merged;
        return null;
    }

    private static void Merge(JsonObject target, JsonObject update)
    {
        foreach ((string name, JsonNode? value) in update)
        {
            // The client cannot change which session this is.
            if (name is "id" or "object") continue;
            if (name == "turn_detection" && value is JsonObject detection)
            {
                // Each kind has its own fields. Fields of the former kind must not remain.
                JsonObject merged = DefaultDetection(
                    detection["type"].Text() ?? target["turn_detection"].At("type").Text() ?? "server_vad");
                Merge(merged, detection);
                target[name] = merged;
            }
            else if (value is JsonObject inner && target[name] is JsonObject existing) Merge(existing, inner);
            else target[name] = value?.DeepClone();
        }
    }

    private static JsonObject DefaultDetection(string type) => type == "semantic_vad"
        ? new JsonObject { ["type"] = type, ["eagerness"] = "auto", ["create_response"] = true, ["interrupt_response"] = true }
        : new JsonObject
        {
            ["type"] = type,
            ["threshold"] = 0.5,
            ["prefix_padding_ms"] = 300,
            ["silence_duration_ms"] = 500,
            ["idle_timeout_ms"] = null,
            ["create_response"] = true,
            ["interrupt_response"] = true,
        };
}
