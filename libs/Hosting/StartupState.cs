namespace Dapr.Voice.Hosting;

/// <summary>What a service that starts still waits for, in words for an operator. Any thread.</summary>
public sealed class StartupState
{
    private volatile string? _waitingFor = "the sidecar";

    /// <summary>Null once it has started: that stays, whatever goes away later.</summary>
    public string? WaitingFor => _waitingFor;

    public void WaitFor(string what)
    {
        if (_waitingFor is not null) _waitingFor = what;
    }

    public void Complete() => _waitingFor = null;
}
