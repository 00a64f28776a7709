using System.Text.Json.Nodes;

namespace Dapr.Voice.LocalAgent.Realtime;

/// <summary>
/// The newest items of a conversation. Their number is limited, because an hour of talk must not use memory without bound.
/// </summary>
internal sealed class Conversation
{
    public const int MaximumItems = 256;

    private const string Root = "root";

    private readonly List<JsonObject> _items = [];

    public JsonObject? Last => _items.Count > 0 ? _items[^1] : null;

    public JsonObject? Find(string? id) => id is null ? null : _items.Find(item => item["id"].Text() == id);

    /// <param name="previousId">Null: at the end. <c>root</c>: before all others.</param>
    /// <param name="actualPreviousId">The id of the item before it, or null if there is none.</param>
    /// <returns>False if there is no item with that id.</returns>
    public bool TryInsert(JsonObject item, string? previousId, out string? actualPreviousId)
    {
        int at = previousId switch
        {
            null => _items.Count,
            Root => 0,
            _ => _items.FindIndex(existing => existing["id"].Text() == previousId) + 1,
        };
        actualPreviousId = at > 0 ? _items[at - 1]["id"].Text() : null;
        if (at == 0 && previousId is not (null or Root)) return false;
        _items.Insert(at, item);
        if (_items.Count > MaximumItems) _items.RemoveAt(0);
        return true;
    }

    public bool Remove(string? id) => Find(id) is { } item && _items.Remove(item);
}
