using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The Realtime <c>session</c> that is sent to a backend on each connect, as the caller's side asked for it. The audio formats in it are
/// always ours (PCM16, 24 kHz), whatever a client says, because they describe the WebSocket and not the caller's media track
/// (docs/protocols/realtime.md 6).
/// </summary>
internal sealed class BackendSession
{
    private static readonly string[] ForeignMembers = [
        "id", "object", "expires_at", "client_secret", "input_audio_format", "output_audio_format"];

    private JsonObject _value;

    /// <param name="asked">The session's stored configuration.</param>
    public BackendSession(JsonElement? asked)
    {
        _value = asked is { } element ? JsonNodes.TryParseObject(Encoding.UTF8.GetBytes(element.GetRawText())) ?? [] : [];
        Normalize(_value);
        _value["type"] ??= "realtime";
        if (_value["audio"] is not JsonObject audio) _value["audio"] = audio = [];
        foreach (string leg in (ReadOnlySpan<string>)["input", "output"])
        {
            if (audio[leg] is not JsonObject half) audio[leg] = half = [];
            half["format"] = Pcm();
        }
    }

    /// <summary>The caller's speech stops the agent's voice. True unless somebody said <c>interrupt_response: false</c>.</summary>
    public bool InterruptsResponse => SessionConfiguration.ReadInterruptsResponse(_value);

    /// <summary>A copy of the session, for a successor.</summary>
    public JsonElement ToElement() => JsonElement.Parse(_value.ToJsonString());

    /// <summary>Returns a complete <c>session.update</c> event.</summary>
    public byte[] ToUpdateEvent() => ToEvent(_value);

    /// <summary>
    /// Merges a client's <c>session.update</c> into the session. Returns the event for the backend, with our audio formats. Returns null if
    /// the request has no session object or the result is larger than <see cref="SessionConfiguration.MaximumBytes"/>.
    /// </summary>
    public byte[]? TryMerge(JsonObject request)
    {
        if (request["session"] is not JsonObject update) return null;
        Normalize(update);
        var merged = (JsonObject)_value.DeepClone();
        JsonNodes.MergeInto(merged, update);
        if (Encoding.UTF8.GetByteCount(merged.ToJsonString()) > SessionConfiguration.MaximumBytes) return null;
        _value = merged;
        return Encoding.UTF8.GetBytes(request.ToJsonString());
    }

    private static byte[] ToEvent(JsonObject session)
        => Encoding.UTF8.GetBytes(new JsonObject { ["type"] = "session.update", ["session"] = session.DeepClone() }.ToJsonString());

    private static void Normalize(JsonObject session)
    {
        foreach (string name in ForeignMembers) session.Remove(name);
        foreach (string leg in (ReadOnlySpan<string>)["input", "output"])
        {
            if (session.At("audio", leg) is JsonObject half && half.ContainsKey("format")) half["format"] = Pcm();
        }
    }

    private static JsonObject Pcm() => new() { ["type"] = "audio/pcm", ["rate"] = 24_000 };
}
