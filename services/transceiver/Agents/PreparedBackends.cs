using System.Collections.Concurrent;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The backends of sessions that are about to be handed over to this transceiver: connected, and told the conversation so far. A session
/// that comes finds its backend there, and its caller does not wait for a connection (docs/decisions/0038). Any thread.
/// </summary>
internal sealed class PreparedBackends(TimeProvider time)
{
    /// <summary>A backend whose session has not come by then is closed.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, PreparedBackend> _byCall = new(StringComparer.Ordinal);

    /// <summary>Keeps a backend for the session of a call. The one that was kept for it before is closed.</summary>
    public void Keep(string callId, PreparedBackend prepared)
    {
        Take(callId)?.Dispose();
        if (_byCall.TryAdd(callId, prepared)) _ = ExpireAsync(callId, prepared);
        else prepared.Dispose();
    }

    /// <summary>Takes the backend that is kept for a call, or null. The taker owns it.</summary>
    public PreparedBackend? Take(string callId) => _byCall.TryRemove(callId, out PreparedBackend? prepared) ? prepared : null;

    private async Task ExpireAsync(string callId, PreparedBackend prepared)
    {
        await Task.Delay(Lifetime, time).ConfigureAwait(false);
        if (_byCall.TryRemove(new(callId, prepared))) prepared.Dispose();
    }
}
