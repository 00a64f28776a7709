using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dapr.Voice.LocalAgent.Dialogue;
using Dapr.Voice.LocalAgent.Speaking;

namespace Dapr.Voice.LocalAgent.Realtime;

// The agent's turns: one response at a time, with its events in the order of the protocol.
internal sealed partial class RealtimeSession
{
    // The limit of running timers and waiting announcements. The agent refuses more of them in words.
    private const int MaximumTimers = 8;

    private readonly Queue<Reply> _announcements = [];
    private ActiveResponse? _active;
    private string? _answeredItemId;
    private string _speechAfterCall = "";
    private int _timers;

    private async Task CreateResponseAsync(JsonObject? request, string? eventId)
    {
        if (_active is not null || (_isCreateWhenHeard && _beingHeard is not null))
        {
            await SendErrorAsync("conversation_already_has_active_response",
                "A response is in progress. Wait for response.done, or cancel it.", null, eventId);
            return;
        }
        if (_beingHeard is not null && request?["input"] is null)
        {
            // The turn to answer is still being recognised.
            _isCreateWhenHeard = _isCreateAskedFor = true;
            _createWhenHeard = request;
            return;
        }
        await StartResponseAsync(request);
    }

    private async Task CancelResponseAsync(string? responseId, string? eventId)
    {
        if (_active is null || (responseId is not null && responseId != _active.Id))
            await SendErrorAsync("response_cancel_not_active", "There is no such response in progress.", "response_id", eventId);
        else await EndResponseAsync("cancelled", "client_cancelled");
    }

    private Task StartResponseAsync(JsonObject? request) => StartResponseAsync(request, Decide(request, out int inputWords), inputWords);

    private async Task StartResponseAsync(JsonObject? request, Reply reply, int inputWords)
    {
        ActiveResponse response = _active = new ActiveResponse(request, _settings.OutputModalities, _ended) { InputWords = inputWords };
        await SendResponseAsync("response.created", response, "in_progress", null);
        await SendAsync("rate_limits.updated", new JsonObject { ["rate_limits"] = new JsonArray() });
        string speech = reply.Speech;
        if (reply.Timer is { } duration && !TryStartTimer(duration)) speech = "I have too many timers running already.";
        if (reply.Calls.Count > 0)
        {
            // The result of the calls is spoken when the client has answered them.
            _speechAfterCall = speech;
            foreach (FunctionCall call in reply.Calls) await SendCallAsync(response, call);
            await EndResponseAsync("completed", null);
        }
        else if (speech.Length == 0) await EndResponseAsync("completed", null);
        else if (response.IsText) await SendTextAsync(response, speech);
        else
        {
            await BeginMessageAsync(response, "audio");
            _ = SpeakAsync(response, speech);
        }
    }

    /// <summary>Decides what to answer: the request's own input or else the newest item of the conversation.</summary>
    private Reply Decide(JsonObject? request, out int inputWords)
    {
        inputWords = 0;
        JsonArray? tools = request?["tools"] as JsonArray ?? _settings.Tools;
        JsonObject? item = request?["input"] is JsonArray { Count: > 0 } input ? input[^1] as JsonObject : _conversation.Last;
        string? itemId = item?["id"].Text();
        bool isAnswered = itemId is not null && itemId == _answeredItemId;
        _answeredItemId = itemId;
        if (item is not null && !isAnswered)
        {
            if (item["type"].Text() == "function_call_output") return SayAfterCall(item["output"].Text() ?? "");
            if (item["role"].Text() == "user")
            {
                string words = TextOf(item);
                inputWords = words.Count(c => c == ' ') + 1;
                return _responder.Answer(words, tools);
            }
        }
        return request?["instructions"].Text() is { } instructions && Instructed(instructions) is { Length: > 0 } speech ? Reply.Say(speech)
            : Responder.Greet();
    }

    private Reply SayAfterCall(string output)
    {
        string speech = _speechAfterCall.Length > 0 ? _speechAfterCall : "Done.";
        _speechAfterCall = "";
        return Reply.Say(output.Contains("error", StringComparison.OrdinalIgnoreCase) ? "I am sorry, that did not work." : speech);
    }

    /// <summary>"Say: …" is the only instruction that an agent without a language model can follow.</summary>
    private static string Instructed(string instructions)
    {
        string text = instructions.Trim();
        foreach (string prefix in new[] { "say exactly", "please say", "say" })
        {
            if (text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                return text[prefix.Length..].TrimStart(':', ' ', '\n').Trim('"', '\'', ' ');
        }
        return "";
    }

    private static string TextOf(JsonObject item)
    {
        var parts = new List<string>();
        foreach (JsonNode? part in item["content"] as JsonArray ?? [])
        {
            if ((part.At("text").Text() ?? part.At("transcript").Text()) is { } text) parts.Add(text);
        }
        return string.Join(' ', parts);
    }

    private async Task SendCallAsync(ActiveResponse response, FunctionCall call)
    {
        string arguments = call.Arguments.ToJsonString();
        int index = response.Output.Count;
        var item = new JsonObject
        {
            ["id"] = RealtimeIds.Next("item_"),
            ["object"] = "realtime.item",
            ["type"] = "function_call",
            ["status"] = "in_progress",
            ["name"] = call.Name,
            ["call_id"] = RealtimeIds.Next("call_"),
            ["arguments"] = "",
        };
        await AddOutputItemAsync(response, item, index);
        JsonObject About() => new()
        {
            ["response_id"] = response.Id,
            ["item_id"] = item["id"]!.DeepClone(),
            ["output_index"] = index,
            ["call_id"] = item["call_id"]!.DeepClone(),
        };
        JsonObject delta = About();
        delta["delta"] = arguments;
        await SendAsync("response.function_call_arguments.delta", delta);
        JsonObject done = About();
        done["name"] = call.Name;
        done["arguments"] = arguments;
        await SendAsync("response.function_call_arguments.done", done);
        item["arguments"] = arguments;
        await CompleteOutputItemAsync(response, item, index, "completed");
    }

    private async Task BeginMessageAsync(ActiveResponse response, string partType)
    {
        JsonObject item = response.Message = new JsonObject
        {
            ["id"] = RealtimeIds.Next("item_"),
            ["object"] = "realtime.item",
            ["type"] = "message",
            ["status"] = "in_progress",
            ["role"] = "assistant",
            ["content"] = new JsonArray(),
        };
        await AddOutputItemAsync(response, item, 0);
        JsonObject added = AboutPart(response);
        added["part"] = Part(partType, "");
        await SendAsync("response.content_part.added", added);
    }

    private async Task SendTextAsync(ActiveResponse response, string text)
    {
        await BeginMessageAsync(response, "text");
        response.Transcript.Append(text);
        JsonObject delta = AboutPart(response);
        delta["delta"] = text;
        await SendAsync("response.output_text.delta", delta);
        await EndResponseAsync("completed", null);
    }

    /// <summary>
    /// Runs beside the loop. It speaks one sentence after the other and stays at most a limited time ahead of the listener.
    /// </summary>
    private async Task SpeakAsync(ActiveResponse response, string speech)
    {
        CancellationToken stopped = response.Stopped;
        try
        {
            long began = _time.GetTimestamp();
            long samples = 0;
            foreach (string sentence in Sentences.Split(speech))
            {
                await _speech.Writer.WriteAsync(() => OnSentenceAsync(response, sentence), stopped);
                ChannelReader<short[]> spoken = await _synthesizer.SpeakAsync(sentence, stopped);
                await foreach (short[] chunk in spoken.ReadAllAsync(stopped))
                {
                    await _speech.Writer.WriteAsync(() => OnAudioAsync(response, chunk), stopped);
                    samples += chunk.Length;
                    double ahead = samples / (double)SpeechSynthesizer.SampleRate - _options.SpeechLeadSeconds
                        - _time.GetElapsedTime(began).TotalSeconds * _options.SpeechSpeed;
                    if (ahead > 0) await Task.Delay(TimeSpan.FromSeconds(ahead / _options.SpeechSpeed), stopped);
                }
            }
            await _speech.Writer.WriteAsync(() => _active == response ? EndResponseAsync("completed", null) : Task.CompletedTask, stopped);
        }
        catch (OperationCanceledException)
        {
            // The response was cancelled. The loop has reported that already.
        }
        catch (Exception failed) when (failed is InvalidOperationException or ChannelClosedException)
        {
            await PostAsync(() => _active == response ? EndResponseAsync("failed", null) : Task.CompletedTask);
        }
    }

    private Task OnSentenceAsync(ActiveResponse response, string sentence)
    {
        if (_active != response) return Task.CompletedTask;
        string text = response.Transcript.Length > 0 ? " " + sentence : sentence;
        response.Transcript.Append(text);
        JsonObject delta = AboutPart(response);
        delta["delta"] = text;
        return SendAsync("response.output_audio_transcript.delta", delta);
    }

    private Task OnAudioAsync(ActiveResponse response, short[] samples)
    {
        if (_active != response) return Task.CompletedTask;
        response.AudioSamples += samples.Length;
        JsonObject delta = AboutPart(response);
        delta["delta"] = Convert.ToBase64String(MemoryMarshal.AsBytes(samples.AsSpan()));
        return SendAsync("response.output_audio.delta", delta);
    }

    /// <param name="status"><c>completed</c>, <c>cancelled</c> or <c>failed</c>.</param>
    private async Task EndResponseAsync(string status, string? reason)
    {
        ActiveResponse response = _active!;
        _active = null;
        response.Stop();
        if (response.Message is { } message) await EndMessageAsync(response, message, status == "completed" ? "completed" : "incomplete");
        await SendResponseAsync("response.done", response, status, reason);
        response.Dispose();
        await AnnounceAsync();
    }

    private async Task EndMessageAsync(ActiveResponse response, JsonObject message, string itemStatus)
    {
        string transcript = response.Transcript.ToString();
        string partType = response.IsText ? "text" : "audio";
        if (response.IsText)
        {
            JsonObject text = AboutPart(response);
            text["text"] = transcript;
            await SendAsync("response.output_text.done", text);
        }
        else
        {
            await SendAsync("response.output_audio.done", AboutPart(response));
            JsonObject spoken = AboutPart(response);
            spoken["transcript"] = transcript;
            await SendAsync("response.output_audio_transcript.done", spoken);
        }
        JsonObject part = AboutPart(response);
        part["part"] = Part(partType, transcript);
        await SendAsync("response.content_part.done", part);
        message["content"] = new JsonArray(Part("output_" + partType, transcript));
        _responder.NoteSpoken(transcript);
        response.Message = null;
        await CompleteOutputItemAsync(response, message, 0, itemStatus);
    }

    private async Task AddOutputItemAsync(ActiveResponse response, JsonObject item, int index)
    {
        string? previousId = null;
        if (response.IsInConversation) _conversation.TryInsert(item, null, out previousId);
        await SendAsync("response.output_item.added",
            new JsonObject { ["response_id"] = response.Id, ["output_index"] = index, ["item"] = item.DeepClone() });
        if (response.IsInConversation) await SendItemAsync("conversation.item.added", item, previousId);
    }

    private async Task CompleteOutputItemAsync(ActiveResponse response, JsonObject item, int index, string status)
    {
        item["status"] = status;
        response.Output.Add(item.DeepClone());
        await SendAsync("response.output_item.done",
            new JsonObject { ["response_id"] = response.Id, ["output_index"] = index, ["item"] = item.DeepClone() });
        if (response.IsInConversation) await SendAsync("conversation.item.done", new JsonObject { ["item"] = item.DeepClone() });
    }

    private Task SendResponseAsync(string type, ActiveResponse response, string status, string? reason)
    {
        bool isDone = status != "in_progress";
        int words = response.Transcript.Length == 0 ? 0 : response.Transcript.ToString().Count(c => c == ' ') + 1;
        // Nobody bills for these tokens. One word is one token, and a second of audio is twenty.
        int audioTokens = (int)(response.AudioSamples * 20 / SpeechSynthesizer.SampleRate);
        return SendAsync(type, new JsonObject
        {
            ["response"] = new JsonObject
            {
                ["object"] = "realtime.response",
                ["id"] = response.Id,
                ["status"] = status,
                ["status_details"] = isDone && status != "completed" ? new JsonObject { ["type"] = status, ["reason"] = reason } : null,
                ["output"] = response.Output.DeepClone(),
                ["conversation_id"] = response.IsInConversation ? "conv_" + Id : null,
                ["output_modalities"] = response.Modalities.DeepClone(),
                ["max_output_tokens"] = "inf",
                ["audio"] = new JsonObject { ["output"] = _settings.OutputAudio?.DeepClone() },
                ["usage"] = !isDone ? null : new JsonObject
                {
                    ["total_tokens"] = response.InputWords + words + audioTokens,
                    ["input_tokens"] = response.InputWords,
                    ["output_tokens"] = words + audioTokens,
                    ["input_token_details"] = new JsonObject { ["text_tokens"] = response.InputWords, ["audio_tokens"] = 0,
                        ["cached_tokens"] = 0 },
                    ["output_token_details"] = new JsonObject { ["text_tokens"] = words, ["audio_tokens"] = audioTokens },
                },
                ["metadata"] = response.Metadata?.DeepClone(),
            },
        });
    }

    private static JsonObject AboutPart(ActiveResponse response) => new()
    {
        ["response_id"] = response.Id,
        ["item_id"] = response.Message!["id"]!.DeepClone(),
        ["output_index"] = 0,
        ["content_index"] = 0,
    };

    private static JsonObject Part(string type, string text)
        => type.EndsWith("text", StringComparison.Ordinal) ? new JsonObject { ["type"] = type, ["text"] = text }
        : new JsonObject { ["type"] = type, ["transcript"] = text };

    private bool TryStartTimer(TimeSpan duration)
    {
        if (_timers >= MaximumTimers) return false;
        _timers++;
        _ = RunTimerAsync(duration);
        return true;
    }

    private async Task RunTimerAsync(TimeSpan duration)
    {
        try
        {
            await Task.Delay(duration, _time, _ended);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        await PostAsync(async () =>
        {
            _timers--;
            _announcements.Enqueue(Responder.TimerFired(duration));
            await AnnounceAsync();
        });
    }

    /// <summary>Announces a timer that has run out, when neither side is speaking.</summary>
    private async Task AnnounceAsync()
    {
        if (_active is null && _beingHeard is null && !_input.IsSpeaking && _announcements.TryDequeue(out Reply? reply))
            await StartResponseAsync(null, reply, 0);
    }
}
