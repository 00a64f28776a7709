using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The other side of a conversation. It lives on the session's worker thread, and every member is called there. Work that takes time runs
/// elsewhere and comes back through <see cref="IAgentHost.Post"/>.
/// </summary>
internal abstract class Agent : IMediaSink, IDisposable
{
    /// <summary>The caller's first valid check has arrived. The caller is not connected yet.</summary>
    public abstract void Start();

    /// <summary>The caller's data channel is open. Called once.</summary>
    public abstract void OnChannelOpen();

    /// <inheritdoc/>
    public abstract void OnAudio(ReadOnlySpan<short> pcm, Instant now);

    /// <summary>One text message of the caller's data channel. It may contain any bytes.</summary>
    public abstract void OnClientEvent(ReadOnlySpan<byte> utf8Json, Instant now);

    /// <inheritdoc/>
    public virtual void OnPlayed(DownlinkItem item, Instant now) { }

    /// <inheritdoc/>
    public virtual void OnDrained(Instant now) { }

    /// <summary>When <see cref="OnTimer"/> is due.</summary>
    public virtual Instant NextTimeout => Instant.Never;

    public virtual void OnTimer(Instant now) { }

    /// <summary>The caller is silent in every way. What costs money while nobody listens is released.</summary>
    public virtual void Release() { }

    /// <summary>The caller is back after <see cref="Release"/>. The conversation goes on.</summary>
    public virtual void Resume() { }

    public virtual void Dispose() { }
}
