using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>What a session offers its agent. Every member but <see cref="Post"/> is called on the session's worker thread only.</summary>
internal interface IAgentHost
{
    /// <summary>Sends one JSON text on <c>oai-events</c>. Only after <see cref="Agent.OnChannelOpen"/>; the bytes are copied.</summary>
    void SendEvent(ReadOnlySpan<byte> utf8Json);

    /// <summary>What the caller is going to hear; drained by <see cref="MediaPump"/> every 20 ms.</summary>
    DownlinkQueue Downlink { get; }

    /// <summary>
    /// Runs <paramref name="action"/> on the session's thread. Callable from any thread, also after the session ended (then it does
    /// nothing).
    /// </summary>
    void Post(Action action);

    /// <summary>Ends the session with this reason; the first reason wins.</summary>
    void End(SessionEndReason reason);

    /// <summary>Where whoever gives something up of this session counts it. From any thread.</summary>
    SessionDropCounters Drops { get; }

    SessionRecord Session { get; }
    ILogger Logger { get; }
    Instant Now { get; }
}
