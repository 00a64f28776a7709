using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// What is kept of a conversation item, so that a new connection can be told what was said on the connection before. Speech becomes its
/// transcript, because the audio is gone. Nothing else of the item is kept. It does not change, so any thread may read it.
/// </summary>
internal sealed record RememberedItem
{
    /// <summary>A larger item is passed on to the caller, but not told to a new connection.</summary>
    public const int MaximumBytes = 128 * 1024;

    private static readonly string[] CallMembers = ["call_id", "name", "arguments", "output"];

    public required string Id { get; init; }

    /// <summary><c>message</c>, <c>function_call</c> or <c>function_call_output</c>.</summary>
    public required string Type { get; init; }
    public string? Role { get; init; }

    /// <summary>The text of each part of a message. Null for a part without text or with a transcript that has not come yet.</summary>
    public IReadOnlyList<string?> Texts { get; init; } = [];

    /// <summary>The members of a function call or of its output that are known, in the order of <see cref="CallMembers"/>.</summary>
    public IReadOnlyList<string?> Call { get; init; } = [];

    /// <summary>The memory that the item takes, more or less.</summary>
    [JsonIgnore]
    public int Bytes => 256 + Texts.Concat(Call).Sum(text => 32 + sizeof(char) * (text?.Length ?? 0));

    /// <summary>Speech without a transcript and unfinished function calls can't be told to a new connection.</summary>
    [JsonIgnore]
    public bool IsReplayable => Type == "message" ? Texts.Any(text => !string.IsNullOrWhiteSpace(text)) : Call.Count > 0;

    /// <summary>Takes texts that are known of an earlier version of this item and missing in this one.</summary>
    public RememberedItem KeepTextsOf(RememberedItem before)
        => this with { Texts = [.. Texts.Select((text, i) => text ?? before.Texts.ElementAtOrDefault(i))] };

    /// <summary>Returns the item with the text of one part, or null if it has no such part.</summary>
    public RememberedItem? WithText(int part, string text)
        => part < 0 || part >= Texts.Count ? null : this with { Texts = [.. Texts.Select((known, i) => i == part ? text : known)] };

    /// <summary>
    /// Returns the item with what the caller heard of a part: the words of this share of its text. Speech runs about evenly, so the place
    /// is right to a word or two.
    /// </summary>
    /// <param name="share">0 to 1.</param>
    public RememberedItem CutTo(int part, double share)
    {
        if (part < 0 || part >= Texts.Count || Texts[part] is not { } text || share >= 1) return this;
        int length = (int)(text.Length * Math.Max(0, share));
        int end = length == 0 ? 0 : text.LastIndexOf(' ', length - 1);
        return WithText(part, end <= 0 ? "" : text[..end] + " …")!;
    }

    /// <summary>Returns the <c>conversation.item.create</c> of a replayable item.</summary>
    public byte[] ToCreateEvent()
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("type"u8, "conversation.item.create"u8);
        json.WriteStartObject("item"u8);
        json.WriteString("id"u8, Id);
        json.WriteString("type"u8, Type);
        if (Type == "message") WriteMessage(json);
        for (int i = 0; i < Call.Count; i++)
        {
            if (Call[i] is { } value) json.WriteString(CallMembers[i], value);
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Reads the value of the member <c>item</c>. Returns null if it has nothing that could ever be replayed, or if it is too large. The
    /// caller catches the exceptions of the reader.
    /// </summary>
    /// <param name="reader">At the start of the value. Afterwards at its end.</param>
    public static RememberedItem? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        string? id = null, type = null, role = null, status = null;
        string?[] call = new string?[CallMembers.Length];
        List<string?> texts = [];
        int left = MaximumBytes;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int member = IndexOfCallMember(reader);
            if (member >= 0) call[member] = ReadText(ref reader, ref left);
            else if (reader.ValueTextEquals("id"u8)) id = ReadText(ref reader, ref left);
            else if (reader.ValueTextEquals("type"u8)) type = ReadText(ref reader, ref left);
            else if (reader.ValueTextEquals("role"u8)) role = ReadText(ref reader, ref left);
            else if (reader.ValueTextEquals("status"u8)) status = ReadText(ref reader, ref left);
            else if (reader.ValueTextEquals("content"u8)) ReadParts(ref reader, texts, ref left);
            else reader.Skip();
        }
        if (left < 0 || id is not { Length: > 0 and <= RealtimeEventHeader.MaximumIdBytes }) return null;
        return type switch
        {
            "message" => new RememberedItem { Id = id, Type = type, Role = role, Texts = texts },
            // An unfinished call is remembered without its members, so that it takes its place in the conversation.
            "function_call" or "function_call_output"
                => new RememberedItem { Id = id, Type = type, Call = status == "in_progress" ? [] : call },
            _ => null,
        };
    }

    private void WriteMessage(Utf8JsonWriter json)
    {
        if (Role is not null) json.WriteString("role"u8, Role);
        json.WriteStartArray("content"u8);
        foreach (string? text in Texts)
        {
            if (string.IsNullOrWhiteSpace(text)) continue;
            json.WriteStartObject();
            json.WriteString("type"u8, Role == "assistant" ? "output_text"u8 : "input_text"u8);
            json.WriteString("text"u8, text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void ReadParts(ref Utf8JsonReader reader, List<string?> texts, ref int left)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            string? text = null;
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    // The audio of a part is skipped in place. It can have megabytes.
                    if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("transcript"u8))
                        text = ReadText(ref reader, ref left) ?? text;
                    else reader.Skip();
                }
            }
            left -= 32;
            if (left > 0) texts.Add(text);
        }
    }

    private static int IndexOfCallMember(in Utf8JsonReader reader)
    {
        for (int i = 0; i < CallMembers.Length; i++)
        {
            if (reader.ValueTextEquals(CallMembers[i])) return i;
        }
        return -1;
    }

    // A text that does not fit is not read. The item is then too large.
    private static string? ReadText(ref Utf8JsonReader reader, ref int left)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }
        left -= reader.ValueSpan.Length;
        return left < 0 ? null : reader.GetString();
    }
}
