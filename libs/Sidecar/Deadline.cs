namespace Dapr.Voice.Sidecar;

/// <summary>Combines the caller's token with a time limit. It knows which of the two ended the wait.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _joined;
    private readonly CancellationToken _caller;

    public Deadline(TimeSpan timeout, TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        _timer = new CancellationTokenSource(timeout, time);
        _joined = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, caller);
    }

    public CancellationToken Token => _joined.Token;

    public bool IsCancelledByCaller => _caller.IsCancellationRequested;

    public void Dispose()
    {
        _joined.Dispose();
        _timer.Dispose();
    }
}
