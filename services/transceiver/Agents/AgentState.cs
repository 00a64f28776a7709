using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// What another process needs to go on with a conversation, as plain data. It contains what was said, so encrypt it. It does not change, so
/// any thread may read it.
/// </summary>
internal sealed record AgentState
{
    /// <summary>The session's configuration, with what the client changed. Null: that of the record.</summary>
    public JsonElement? Session { get; init; }

    /// <summary>The client has seen <c>session.created</c>.</summary>
    public bool IsGreeted { get; init; }

    /// <summary>The conversation of an agent with a backend, oldest first.</summary>
    public IReadOnlyList<RememberedItem> Items { get; init; } = [];

    /// <summary>The conversation of a built-in agent, oldest first.</summary>
    public IReadOnlyList<JsonElement> LocalItems { get; init; } = [];

    /// <summary>Responses that the client has seen begin and not end.</summary>
    public IReadOnlyList<string> InProgress { get; init; } = [];

    /// <summary>The response whose audio the client hears, as far as it was told. Null if none.</summary>
    public string? Playing { get; init; }

    /// <summary>The pieces of speech that waited or were being played.</summary>
    public IReadOnlyList<PlayedPart> Parts { get; init; } = [];

    /// <summary>The response of a built-in agent that is in progress, or null.</summary>
    public LocalResponse? Response { get; init; }

    /// <summary>The number of items at the beginning of the conversation that did not fit.</summary>
    public int CutItems { get; init; }

    /// <summary>
    /// Returns the state as it is likely to be after some time in which the caller heard what was queued. <see cref="Parts"/> then say how
    /// far the voice had come when its owner was lost.
    /// </summary>
    public AgentState AfterPlaying(TimeSpan time)
    {
        int left = (int)Math.Clamp(time.TotalMilliseconds, 0, int.MaxValue);
        var parts = new PlayedPart[Parts.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            int played = Math.Min(left, Parts[i].Milliseconds - Parts[i].PlayedMilliseconds);
            parts[i] = Parts[i] with { PlayedMilliseconds = Parts[i].PlayedMilliseconds + played };
            left -= played;
        }
        return this with { Parts = parts };
    }

    /// <summary>Leaves the oldest half of the conversation out, or returns null if there is nothing to leave out.</summary>
    public AgentState? WithoutOldestHalf()
    {
        int items = (Items.Count + 1) / 2, local = (LocalItems.Count + 1) / 2;
        return items + local == 0 ? null
            : this with { Items = [.. Items.Skip(items)], LocalItems = [.. LocalItems.Skip(local)], CutItems = CutItems + items + local };
    }
}

/// <summary>How much of a piece of speech the caller was sent.</summary>
/// <param name="PlayedMilliseconds">As in the <c>audio_end_ms</c> of a truncation.</param>
/// <param name="Milliseconds">The length of what had arrived.</param>
internal sealed record PlayedPart(string ItemId, string ResponseId, int ContentIndex, int PlayedMilliseconds, int Milliseconds);

/// <param name="HasStarted">The client was told that it is being played.</param>
internal sealed record LocalResponse(string Id, string ItemId, string? PreviousItemId, JsonElement? Metadata, bool HasStarted);

/// <summary>Writes <see cref="AgentState"/> as JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AgentState))]
internal sealed partial class AgentJson : JsonSerializerContext;
