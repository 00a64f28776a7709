namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// Reads a topic for its members, which take turns. First attempts are made in order. Retries run beside them, so a failing event loses its
/// place but does not hold up the others. Any thread.
/// </summary>
internal sealed class ConsumerGroup : IDisposable
{
    /// <summary>
    /// The most deliveries at one time, including retries. The group waits when it has reached them. The queueDepth of the component is
    /// 100, too.
    /// </summary>
    public const int MaximumDeliveries = 100;

    /// <summary>
    /// How long a slow first answer delays the next event. The real component has ten workers and does not keep this order.
    /// </summary>
    private static readonly TimeSpan OrderPatience = TimeSpan.FromMilliseconds(50);

    private readonly TopicStream _stream;
    private readonly Lock _gate = new();
    private readonly List<IEventConsumer> _members = [];
    private readonly Queue<BrokerEvent> _returned = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SemaphoreSlim _room = new(MaximumDeliveries);
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
        Wake();
    }

    /// <returns>True if the group is now empty.</returns>
    public bool Remove(IEventConsumer member)
    {
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
                    await _room.WaitAsync(_stop.Token).ConfigureAwait(false);
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
        _room.Release();
        if (end != DeliveryEnd.Returned) return;
        lock (_gate) _returned.Enqueue(taken);
        Wake();
    }

    // Only the pump moves the position. This method must not hold its own lock while it calls the stream: the stream calls this group while
    // it holds the stream's lock.
    private bool TryTake(out BrokerEvent taken, out IEventConsumer member)
    {
        member = null!;
        lock (_gate)
        {
            if (_members.Count == 0)
            {
                taken = null!;
                return false;
            }
            if (_returned.TryDequeue(out taken!))
            {
                member = NextMember();
                return true;
            }
        }
        long position = _position;
        if (!_stream.TryRead(ref position, out taken)) return false;
        Volatile.Write(ref _position, position);
        lock (_gate)
        {
            if (_members.Count > 0)
            {
                member = NextMember();
                return true;
            }
            _returned.Enqueue(taken);
            return false;
        }
    }

    private IEventConsumer NextMember()
    {
        _turn = (_turn + 1) % _members.Count;
        return _members[_turn];
    }
}
