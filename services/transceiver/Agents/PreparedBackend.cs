namespace Dapr.Voice.Transceiver.Agents;

/// <summary>A connection to a backend that no session has yet.</summary>
internal sealed class PreparedBackend : IDisposable
{
    private readonly byte[] _greeting;
    private readonly byte[][] _items;
    private readonly TaskCompletionSource _isReady = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Connects, and tells the backend the session and its conversation.</summary>
    /// <param name="create">Makes the connection. It gets what to call when the backend has answered or failed.</param>
    public PreparedBackend(Func<Action, RealtimeConnection> create, byte[] greeting, IReadOnlyList<RememberedItem> items)
    {
        (_greeting, _items) = (greeting, [.. items.Select(item => item.ToCreateEvent())]);
        Connection = create(() => _isReady.TrySetResult());
        Connection.Start(TimeSpan.Zero, greeting, items);
    }

    public RealtimeConnection Connection { get; }

    /// <summary>Completes when the backend has answered, or when it cannot be reached.</summary>
    public Task Ready => _isReady.Task;

    /// <summary>
    /// Says whether the backend knows this session, and no other conversation than the beginning of this one. If it does not, a new
    /// connection is needed.
    /// </summary>
    /// <param name="missing">The events that tell it the rest.</param>
    public bool Knows(byte[] greeting, IReadOnlyList<RememberedItem> items, out IReadOnlyList<byte[]> missing)
    {
        missing = [];
        if (!_greeting.AsSpan().SequenceEqual(greeting) || items.Count < _items.Length) return false;
        for (int i = 0; i < _items.Length; i++)
        {
            if (!_items[i].AsSpan().SequenceEqual(items[i].ToCreateEvent())) return false;
        }
        missing = [.. items.Skip(_items.Length).Select(item => item.ToCreateEvent())];
        return true;
    }

    public void Dispose() => Connection.Dispose();
}
