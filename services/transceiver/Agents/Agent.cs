using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The other side of a conversation. It lives on the session's worker thread, and every member is called there. Work that takes time runs
/// elsewhere and comes back through <see cref="IAgentHost.Post"/>.
/// </summary>
internal abstract class Agent(IAgentHost host) : IMediaSink, IDisposable
{
    protected IAgentHost Host { get; } = host;

    /// <summary>The caller's events channel.</summary>
    protected ClientChannel Channel { get; } = new(host);

    /// <summary>The caller's first valid check has arrived. The caller is not connected yet.</summary>
    public abstract void Start();

    /// <summary>
    /// Takes the place of <see cref="Start"/> and of the first <see cref="OnChannelOpen"/> at a successor: the conversation goes on where
    /// the agent stood that exported the state. What it had queued in the downlink and is not there is lost.
    /// </summary>
    public abstract void Continue(AgentState state, bool isChannelOpen);

    /// <summary>The state for a successor. The agent may go on.</summary>
    public abstract AgentState ExportState();

    /// <summary>
    /// The caller's data channel is open. Called again if a channel with the label of the dialect takes the place of another one.
    /// </summary>
    public virtual void OnChannelOpen() => Channel.Open();

    /// <inheritdoc/>
    public abstract void OnAudio(ReadOnlySpan<short> pcm, Instant now);

    /// <summary>One text message of the caller's data channel. It may contain any bytes.</summary>
    public void OnClientEvent(ReadOnlySpan<byte> utf8Json, Instant now)
    {
        if (Channel.TryBeginRequest(utf8Json, out RealtimeEventHeader header)) OnRequest(utf8Json, header);
        Channel.EndRequest();
    }

    /// <summary>Sends the caller an <c>error</c> event about the session itself. The session goes on.</summary>
    public void Tell(string code, string message) => Channel.Error(code, message);

    /// <summary>Sends the caller the <c>error</c> event that says why the session ends. It is the last event.</summary>
    /// <param name="message">A sentence, or null for that of the reason.</param>
    public void SayEnd(SessionEndReason reason, string? message) => Channel.SendEnd(reason, message);

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

    public virtual void Dispose() => Channel.Dispose();

    /// <summary>The pieces of speech in the downlink, for <see cref="AgentState.Parts"/>.</summary>
    protected PlayedPart[] ExportParts()
        => [.. Host.Downlink.Items.Select(item => new PlayedPart(item.ItemId, item.ResponseId, item.ContentIndex, item.PlayedMilliseconds,
            (int)(item.QueuedSamples / AudioFormat.SamplesPerMillisecond)))];

    /// <summary>
    /// One event of the caller. Every event gets an answer: its effect, or an <c>error</c> event with its <c>event_id</c>.
    /// </summary>
    protected abstract void OnRequest(ReadOnlySpan<byte> utf8Json, RealtimeEventHeader header);
}
