namespace Dapr.Voice.Hosting;

/// <summary>What a starting service still waits for, in words for an operator. Thread-safe.</summary>
public sealed class StartupState
{
    private volatile string? _waitingFor = "the sidecar";

    /// <summary>Null after the service has started. It stays null, whatever becomes unavailable later.</summary>
    public string? WaitingFor => _waitingFor;

    public void WaitFor(string what)
    {
        if (_waitingFor is not null) _waitingFor = what;
    }

    public void Complete() => _waitingFor = null;
}
