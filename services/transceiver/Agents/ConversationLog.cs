namespace Dapr.Voice.Transceiver.Agents;

/// <summary>The items of a conversation in order, without audio. The size is limited, and the oldest items are removed first.</summary>
internal sealed class ConversationLog<TItem> where TItem : class
{
    public const int MaximumItems = 512;

    /// <summary>The largest size in bytes. The text of an hour of talk has about 60 KiB.</summary>
    public const int MaximumBytes = 512 * 1024;

    /// <summary>The <c>previous_item_id</c> of an item that goes before all others.</summary>
    public const string Root = "root";

    private readonly List<Entry> _entries = [];
    private int _bytes;

    public int Count => _entries.Count;
    public string? LastId => _entries.Count == 0 ? null : _entries[^1].Id;
    public IEnumerable<TItem> Items => _entries.Select(entry => entry.Item);

    public TItem? Find(string? id) => IndexOf(id) is >= 0 and var index ? _entries[index].Item : null;

    /// <summary>
    /// Puts an item, which the log owns from now on, after <paramref name="previousId"/>, or last if that is null. An item with the same id
    /// is replaced in its place. Returns false if there is no such previous item, or if the item alone is larger than the limit.
    /// </summary>
    /// <param name="size">The size of the item in bytes.</param>
    public bool TryPut(string id, TItem item, int size, string? previousId)
    {
        if (size > MaximumBytes) return false;
        if (IndexOf(id) is >= 0 and var existing)
        {
            _bytes += size - _entries[existing].Bytes;
            _entries[existing] = new Entry(id, item, size);
        }
        else
        {
            int position = previousId switch { null => _entries.Count, Root => 0, _ => IndexOf(previousId) + 1 };
            if (position == 0 && previousId is not (null or Root)) return false;
            _entries.Insert(position, new Entry(id, item, size));
            _bytes += size;
        }
        while (_entries.Count > MaximumItems || _bytes > MaximumBytes) RemoveAt(0);
        return true;
    }

    /// <summary>Returns the id of the item before this one, or null.</summary>
    public string? PreviousOf(string id) => IndexOf(id) is > 0 and var index ? _entries[index - 1].Id : null;

    public bool Remove(string? id)
    {
        int index = IndexOf(id);
        if (index < 0) return false;
        RemoveAt(index);
        return true;
    }

    // The search starts with the newest item, because the item is nearly always among the last few.
    private int IndexOf(string? id) => id is null ? -1 : _entries.FindLastIndex(entry => entry.Id == id);

    private void RemoveAt(int index)
    {
        _bytes -= _entries[index].Bytes;
        _entries.RemoveAt(index);
    }

    private readonly record struct Entry(string Id, TItem Item, int Bytes);
}
