using System.Text.Json.Nodes;
using Dapr.Voice.LocalAgent.Hearing;

namespace Dapr.Voice.LocalAgent.Realtime;

// The caller's turns: audio in, words out.
internal sealed partial class RealtimeSession
{
    private string _turnItemId = "";
    private long _turnStart;

    // Recognition starts in a pause, in case the turn ends there. The words are then known when the silence has been long enough.
    private Task<string?>? _guess;

    private JsonObject? _beingHeard;
    private JsonObject? _createWhenHeard;
    private bool _isCreateWhenHeard;
    private bool _isCreateAskedFor;

    private async Task AppendAsync(JsonObject clientEvent, string? eventId)
    {
        byte[] pcm;
        try
        {
            pcm = Convert.FromBase64String(clientEvent["audio"].Text() ?? throw new FormatException());
        }
        catch (FormatException)
        {
            await SendErrorAsync("invalid_audio", "'audio' is base64 of PCM16 at 24 kHz.", "audio", eventId);
            return;
        }
        for (int at = 0; at < pcm.Length; at += AudioInput.FrameBytes)
        {
            switch (_input.Append(pcm.AsSpan(at, Math.Min(AudioInput.FrameBytes, pcm.Length - at))))
            {
                case { Kind: AudioInputEventKind.SpeechStarted } started:
                    await OnSpeechStartedAsync(started.AudioMilliseconds);
                    break;
                case { Kind: AudioInputEventKind.Paused }:
                    BeginGuess();
                    break;
                case { Kind: AudioInputEventKind.SpeechStopped } stopped:
                    await OnSpeechStoppedAsync(stopped.AudioMilliseconds);
                    break;
            }
        }
    }

    private async Task OnSpeechStartedAsync(long startMilliseconds)
    {
        _turnItemId = RealtimeIds.Next("item_");
        _turnStart = startMilliseconds;
        _guess = null;
        await SendAsync("input_audio_buffer.speech_started",
            new JsonObject { ["audio_start_ms"] = startMilliseconds, ["item_id"] = _turnItemId });
        if (!_settings.InterruptsResponses) return;
        // A caller who goes on speaking does not want the answer to what came before. An answer that the client asked for is still given.
        _isCreateWhenHeard &= _isCreateAskedFor;
        if (_active is not null) await EndResponseAsync("cancelled", "turn_detected");
    }

    private void BeginGuess()
    {
        Task<string?> guess = _recognizer.RecognizeAsync(_input.CutUtterance(), _ended);
        _guess = guess;
        if (_settings.IsSemantic) _ = EndEarlyAsync(guess);
    }

    /// <summary>Ends a turn early for <c>semantic_vad</c>: a complete command needs no more silence.</summary>
    private async Task EndEarlyAsync(Task<string?> guess)
    {
        string? words;
        try
        {
            words = await guess;
        }
        catch (OperationCanceledException)
        {
            return;
        }
        if (words is null) return;
        await PostAsync(async () =>
        {
            if (_guess != guess || !_input.IsSpeaking || _input.HasSpokenSincePause) return;
            await OnSpeechStoppedAsync(_input.StopTurn());
        });
    }

    private async Task OnSpeechStoppedAsync(long endMilliseconds)
    {
        await SendAsync("input_audio_buffer.speech_stopped",
            new JsonObject { ["audio_end_ms"] = endMilliseconds, ["item_id"] = _turnItemId });
        Task<string?>? guess = _input.HasSpokenSincePause ? null : _guess;
        _guess = null;
        short[] utterance = _input.TakeTurn();
        await CommitTurnAsync(guess ?? _recognizer.RecognizeAsync(utterance, _ended), (endMilliseconds - _turnStart) / 1000.0,
            _settings.CreatesResponses);
    }

    private async Task CommitAsync(string? eventId)
    {
        bool wasSpeaking = _input.IsSpeaking;
        if (!_input.TryCommit(out short[] utterance))
        {
            await SendErrorAsync("input_audio_buffer_commit_empty", "There is less than 100 ms of audio in the buffer.", null, eventId);
            return;
        }
        if (!wasSpeaking) _turnItemId = RealtimeIds.Next("item_");
        _guess = null;
        await CommitTurnAsync(_recognizer.RecognizeAsync(utterance, _ended), utterance.Length / 24_000.0, createsResponse: false);
    }

    private Task ClearInputAsync()
    {
        _input.Clear();
        _guess = null;
        return SendAsync("input_audio_buffer.cleared", []);
    }

    private async Task CommitTurnAsync(Task<string?> hearing, double seconds, bool createsResponse)
    {
        Turns++;
        var item = new JsonObject
        {
            ["id"] = _turnItemId,
            ["object"] = "realtime.item",
            ["type"] = "message",
            ["status"] = "completed",
            ["role"] = "user",
            ["content"] = new JsonArray(new JsonObject { ["type"] = "input_audio", ["transcript"] = null }),
        };
        _conversation.TryInsert(item, null, out string? previousId);
        await SendAsync("input_audio_buffer.committed", new JsonObject { ["item_id"] = _turnItemId, ["previous_item_id"] = previousId });
        await SendItemAsync("conversation.item.added", item, previousId);
        await SendItemAsync("conversation.item.done", item, previousId);
        _beingHeard = item;
        _isCreateWhenHeard = createsResponse;
        _isCreateAskedFor = false;
        _createWhenHeard = null;
        _ = HearAsync(item, hearing, seconds);
    }

    private async Task HearAsync(JsonObject item, Task<string?> hearing, double seconds)
    {
        try
        {
            string? words = await hearing;
            await PostAsync(() => OnHeardAsync(item, words ?? "", seconds));
        }
        catch (OperationCanceledException)
        {
            // The conversation has ended.
        }
    }

    private async Task OnHeardAsync(JsonObject item, string words, double seconds)
    {
        ((JsonObject)item["content"]![0]!)["transcript"] = words;
        if (_settings.IsTranscribed)
        {
            await SendAsync("conversation.item.input_audio_transcription.completed", new JsonObject
            {
                ["item_id"] = item["id"]!.DeepClone(),
                ["content_index"] = 0,
                ["transcript"] = words,
                ["usage"] = new JsonObject { ["type"] = "duration", ["seconds"] = Math.Round(seconds, 3) },
            });
        }
        if (_beingHeard != item) return;
        _beingHeard = null;
        bool isWanted = _isCreateWhenHeard;
        _isCreateWhenHeard = false;
        // There is one answer at a time. If speech does not interrupt, what is said during an answer gets none.
        if (isWanted && _active is null) await StartResponseAsync(_createWhenHeard);
        else await AnnounceAsync();
    }
}
