using System.Text.Json;
using Dapr.Voice.Contracts;
using Dapr.Voice.Transceiver.Drops;
using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// What a session offers to its agent. Every member except <see cref="Post"/> is called on the session's worker thread only.
/// </summary>
internal interface IAgentHost
{
    /// <summary>
    /// Sends one JSON text on <c>oai-events</c>. Call it only after <see cref="Agent.OnChannelOpen"/>. The bytes are copied.
    /// </summary>
    void SendEvent(ReadOnlySpan<byte> utf8Json);

    /// <summary>The audio that the caller is going to hear. <see cref="MediaPump"/> takes a frame from it every 20 ms.</summary>
    DownlinkQueue Downlink { get; }

    /// <summary>
    /// Runs <paramref name="action"/> on the session's thread. Any thread may call it, even after the session has ended. It does nothing
    /// then.
    /// </summary>
    void Post(Action action);

    /// <summary>Ends the session with this reason. The first reason wins.</summary>
    /// <param name="detail">A word in snake case for the session's record, or null.</param>
    /// <param name="message">A sentence for the caller, or null for that of the reason.</param>
    void End(SessionEndReason reason, string? detail = null, string? message = null);

    /// <summary>The conversation, or what the session is configured to, is no longer what the last checkpoint says.</summary>
    /// <param name="isTurnOver">The change ends a turn, so more is not expected soon.</param>
    void NoteConversation(bool isTurnOver);

    /// <summary>
    /// False while it is not certain that this process still has the session, because its thread stood still, and from the moment on when
    /// another owner has it. What the caller said may then reach the backend from there, so nothing is sent. Any thread.
    /// </summary>
    bool IsOwner { get; }

    /// <summary>The counters of what this session drops. Any thread.</summary>
    SessionDropCounters Drops { get; }

    SessionRecord Session { get; }

    /// <summary>The Realtime <c>session</c> object that the caller or its key asked for. It may have credentials. Null for none.</summary>
    JsonElement? Asked { get; }
    ILogger Logger { get; }
    Instant Now { get; }
}
