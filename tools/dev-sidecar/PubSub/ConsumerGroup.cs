namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// Reads a topic for its members, which take turns. First attempts are made in order. Retries run beside them, so a failing event loses its
/// place. It holds up the others only when no member has a free worker any more. Any thread.
/// </summary>
internal sealed class ConsumerGroup : IDisposable
{
    /// <summary>
    /// How long a slow first answer delays the next event. The workers of the real component do not keep this order.
    /// </summary>
    private static readonly TimeSpan OrderPatience = TimeSpan.FromMilliseconds(50);

    private readonly TopicStream _stream;
    private readonly Lock _gate = new();
    private readonly List<IEventConsumer> _members = [];
    private readonly Queue<BrokerEvent> _returned = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private long _position;
    private int _turn;

    public ConsumerGroup(TopicStream stream, long position)
    {
        _stream = stream;
        _position = position;
        _ = Task.Run(PumpAsync, _stop.Token);
    }

    /// <summary>The number of the next event to read.</summary>
    public long Position => Volatile.Read(ref _position);

    public void Add(IEventConsumer member)
    {
        lock (_gate) _members.Add(member);
        member.Workers.Freed += Wake;
        Wake();
    }

    /// <returns>True if the group is now empty.</returns>
    public bool Remove(IEventConsumer member)
    {
        member.Workers.Freed -= Wake;
        lock (_gate)
        {
            _members.Remove(member);
            return _members.Count == 0;
        }
    }

    public void Wake()
    {
        // One permit is enough, because the pump reads all events that there are.
        if (_wake.CurrentCount == 0) _wake.Release();
    }

    public void Dispose()
    {
        _stop.Cancel();
    }

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync(_stop.Token).ConfigureAwait(false);
                while (TryTake(out BrokerEvent? taken, out IEventConsumer? member))
                {
                    var firstAttempt = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    _ = DeliverAsync(taken, member, firstAttempt);
                    await Task.WhenAny(firstAttempt.Task, Task.Delay(OrderPatience, _stop.Token)).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The group was disposed.
        }
    }

    private async Task DeliverAsync(BrokerEvent taken, IEventConsumer member, TaskCompletionSource firstAttempt)
    {
        DeliveryEnd end = await member.DeliverAsync(taken, firstAttempt).ConfigureAwait(false);
        firstAttempt.TrySetResult();
        if (end == DeliveryEnd.Returned)
        {
            lock (_gate) _returned.Enqueue(taken);
        }
        member.Workers.Release();
        Wake();
    }

    // Only the pump moves the position. This method must not hold its own lock while it calls the stream: the stream calls this group while
    // it holds the stream's lock. The caller owns a worker of the member if the result is true.
    private bool TryTake(out BrokerEvent taken, out IEventConsumer member)
    {
        taken = null!;
        bool isThereMore = _stream.HasAfter(_position);
        lock (_gate)
        {
            member = null!;
            if ((_returned.Count == 0 && !isThereMore) || FreeMember() is not { } free) return false;
            member = free;
            if (_returned.TryDequeue(out taken!)) return true;
        }
        long position = _position;
        if (_stream.TryRead(ref position, out taken))
        {
            Volatile.Write(ref _position, position);
            return true;
        }
        // The stream has dropped its events in the meantime.
        member.Workers.Release();
        return false;
    }

    /// <summary>The next member that has a free worker, which is taken. Null if no member has one.</summary>
    private IEventConsumer? FreeMember()
    {
        for (int i = 0; i < _members.Count; i++)
        {
            _turn = (_turn + 1) % _members.Count;
            if (_members[_turn].Workers.TryTake()) return _members[_turn];
        }
        return null;
    }
}
