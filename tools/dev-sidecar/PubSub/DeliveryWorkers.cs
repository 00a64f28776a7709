namespace Dapr.Voice.DevSidecar.PubSub;

/// <summary>
/// The workers with which one sidecar delivers the events of one component. All topics share them, and an event keeps its worker until its
/// last retry. So a few events that an app refuses can stop everything else of that app (docs/dapr.md, point 25). Any thread.
/// </summary>
internal sealed class DeliveryWorkers
{
    /// <summary>
    /// The most workers. A component that asks for more, or a broker whose component sets no limit, gets this number.
    /// </summary>
    public const int Maximum = 1_000;

    private readonly Lock _gate = new();
    private int _free;

    /// <param name="count">How many events are delivered at one time, including those that wait for a retry.</param>
    public DeliveryWorkers(int count) => _free = Math.Clamp(count, 1, Maximum);

    /// <summary>A worker has become free. Handlers must not block.</summary>
    public event Action? Freed;

    /// <returns>False if all workers are busy. <see cref="Freed"/> then says when to try again.</returns>
    public bool TryTake()
    {
        lock (_gate)
        {
            if (_free == 0) return false;
            _free--;
            return true;
        }
    }

    public void Release()
    {
        lock (_gate) _free++;
        Freed?.Invoke();
    }
}
