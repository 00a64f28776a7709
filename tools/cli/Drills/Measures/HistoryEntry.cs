using System.Text.Json.Serialization;

namespace Dapr.Voice.Cli.Drills.Measures;

/// <summary>What an entry of a history says.</summary>
internal enum HistoryKind
{
    /// <summary>The drill did something: <c>text</c> says what.</summary>
    Mark,

    /// <summary>Something in the fleet noticed the damage: <c>text</c> is its log line, <c>owner</c> the process.</summary>
    Noticed,

    /// <summary>The call is connected, and its first audio frame is sent.</summary>
    CallUp,

    /// <summary>The call ended: <c>text</c> is the reason. <c>id</c> is null if it ended before the caller hung up.</summary>
    CallEnd,

    /// <summary>The owner opened a connection to the agent. <c>owner</c> is its process and pid.</summary>
    AgentOpen,
    AgentClosed,

    /// <summary>The agent heard a frame of the caller.</summary>
    HeardUp,

    /// <summary>The caller heard a frame of the agent.</summary>
    HeardDown,

    /// <summary>The caller received a packet without voice.</summary>
    SilentDown,
    SentUp,
    GotUp,
    SentDown,
    GotDown,

    /// <summary>A lifecycle event came: <c>id</c> is its id, <c>text</c> its type.</summary>
    Event,

    /// <summary>The record of a slot changed: <c>number</c> is the slot, <c>epoch</c> its epoch.</summary>
    Slot,

    /// <summary>The page's connection changed: <c>text</c> is the state.</summary>
    Page,

    /// <summary>A packet index was used twice with different contents.</summary>
    Reuse,
}

/// <summary>One line of a recorded run.</summary>
/// <param name="T">Milliseconds since the run began.</param>
internal sealed record HistoryEntry(double T, HistoryKind Kind)
{
    /// <summary>The number of the call, from 0. -1 stands for the page.</summary>
    public int? Call { get; init; }

    /// <summary>The number of a frame, a message or a slot. A frame whose number could not be read has none.</summary>
    public long? Number { get; init; }

    /// <summary>Which connection of the call to its agent, from 0. A successor makes a new one.</summary>
    public int? Connection { get; init; }

    /// <summary>The process of the fleet: its name, a slash and its pid.</summary>
    public string? Owner { get; init; }
    public long? Epoch { get; init; }
    public string? Id { get; init; }
    public string? Text { get; init; }

    /// <summary>What was heard, as it came: Opus at a caller, PCM at the agent. <see cref="Calls.HeardAudio"/> reads it.</summary>
    [JsonIgnore]
    public byte[]? Audio { get; init; }

    /// <summary>What the tones of the frame say. <see cref="FrameNumbering"/> makes a number of it.</summary>
    [JsonIgnore]
    public ToneSymbol? Symbol { get; init; }
}
