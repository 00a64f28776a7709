using Dapr.Voice.DevSidecar.Resources;


namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// The events of one topic, and the groups that read them. If there are too many events, the oldest are dropped, as with
/// <c>maxLenApprox</c>. Any thread.
/// </summary>
/// <param name="keepsHistory">A new group begins at the oldest event that is still kept.</param>
/// <param name="keepsGroups">Events wait for a group whose last member has left. Null for the value of <paramref
/// name="keepsHistory"/>.</param>
internal sealed class TopicStream(bool keepsHistory, bool? keepsGroups = null) : IDisposable
{
    public const int MaximumEvents = 10_000;
    public const long MaximumBytes = 32L * 1024 * 1024;
    public const int MaximumGroups = 100;

    private readonly Lock _gate = new();
    private readonly LinkedList<BrokerEvent> _events = [];
    private readonly Dictionary<string, ConsumerGroup> _groups = new(StringComparer.Ordinal);
    private long _bytes;
    private long _firstSequence;

    public string? Publish(BrokerEvent published)
    {
        lock (_gate)
        {
            if (!keepsHistory && _groups.Count == 0) return null;
            _events.AddLast(published);
            _bytes += published.Body.Length;
            while (_events.Count > MaximumEvents || (_bytes > MaximumBytes && _events.Count > 1)) DropOldest();
            foreach (ConsumerGroup group in _groups.Values) group.Wake();
            return null;
        }
    }

    public IDisposable Subscribe(string name, IEventConsumer consumer)
    {
        ConsumerGroup group;
        lock (_gate)
        {
            if (!_groups.TryGetValue(name, out group!))
            {
                if (_groups.Count >= MaximumGroups)
                    throw new ResourceException($"The development sidecar keeps at most {MaximumGroups} consumer groups per topic.");
                group = new ConsumerGroup(this, keepsHistory ? _firstSequence : _firstSequence + _events.Count);
                _groups[name] = group;
            }
            group.Add(consumer);
        }
        return new Membership(() =>
        {
            lock (_gate)
            {
                if (!group.Remove(consumer) || (keepsGroups ?? keepsHistory)) return;
                _groups.Remove(name);
                group.Dispose();
            }
        });
    }

    public void Clear()
    {
        lock (_gate)
        {
            while (_events.Count > 0) DropOldest();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (ConsumerGroup group in _groups.Values) group.Dispose();
            _groups.Clear();
        }
    }

    /// <summary>True if there is an event with this number or a later one.</summary>
    internal bool HasAfter(long sequence)
    {
        lock (_gate) return Math.Max(sequence, _firstSequence) - _firstSequence < _events.Count;
    }

    /// <summary>
    /// Reads the event with this number, or the oldest one after it, and moves the number on. False if there is none yet.
    /// </summary>
    internal bool TryRead(ref long sequence, out BrokerEvent found)
    {
        lock (_gate)
        {
            sequence = Math.Max(sequence, _firstSequence);
            long index = sequence - _firstSequence;
            if (index >= _events.Count)
            {
                found = null!;
                return false;
            }
            // A group reads near the end, or it walks forward from the start. The search therefore begins at the nearer end.
            LinkedListNode<BrokerEvent> node = index < _events.Count / 2 ? _events.First! : _events.Last!;
            if (index < _events.Count / 2)
            {
                for (long i = 0; i < index; i++) node = node.Next!;
            }
            else
            {
                for (long i = _events.Count - 1; i > index; i--) node = node.Previous!;
            }
            found = node.Value;
            sequence++;
            if (!keepsHistory) DropRead();
            return true;
        }
    }

    private void DropRead()
    {
        long slowest = _groups.Count == 0 ? long.MaxValue : _groups.Values.Min(g => g.Position);
        while (_events.Count > 0 && _firstSequence < slowest) DropOldest();
    }

    private void DropOldest()
    {
        _bytes -= _events.First!.Value.Body.Length;
        _events.RemoveFirst();
        _firstSequence++;
    }

    private sealed class Membership(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
