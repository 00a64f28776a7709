using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// Why a connection to a backend ended, in the words that the caller and the session's record get. Neither the URL nor anything that the
/// backend said is part of it, because both may contain secrets. docs/protocols/realtime.md 8 lists the codes.
/// </summary>
/// <param name="End">What this side does about it.</param>
/// <param name="Code">A word in snake case.</param>
/// <param name="Message">A sentence.</param>
internal readonly record struct BackendFailure(BackendEnd End, string Code, string Message)
{
    public static BackendFailure Disposed { get; } = new(BackendEnd.Disposed, "agent_closed", "The connection to the agent was closed.");
    public static BackendFailure Lost { get; } = new(BackendEnd.Lost, "agent_lost", "The connection to the agent broke.");
    public static BackendFailure TimedOut { get; } = new(BackendEnd.Unreachable, "agent_timeout", "The agent did not answer in time.");

    /// <summary>The backend closed the connection.</summary>
    public static BackendFailure Closed(WebSocketCloseStatus? status)
        => new(BackendEnd.Closed, "agent_closed",
        status is { } code ? $"The agent closed the connection with code {(int)code}." : "The agent closed the connection.");

    /// <summary>The backend answered the upgrade with a status other than 101.</summary>
    public static BackendFailure Answered(HttpStatusCode status)
    {
        int number = (int)status;
        return status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                => new(BackendEnd.Refused, "agent_unauthorized", $"The agent did not accept the server's key (status {number})."),
            HttpStatusCode.NotFound or HttpStatusCode.Gone
                => new(BackendEnd.Refused, "agent_not_found", $"There is no agent at the configured address (status {number})."),
            HttpStatusCode.TooManyRequests
                => new(BackendEnd.Unreachable, "agent_busy", $"The agent has too many calls (status {number})."),
            HttpStatusCode.RequestTimeout => TimedOut,
            _ => number switch
            {
                >= 500 => new(BackendEnd.Unreachable, "agent_unavailable", $"The agent is not available (status {number})."),
                // The answer of a wrong address. Another attempt would not change it.
                >= 300 and < 400 => new(BackendEnd.Refused, "agent_redirected",
                    $"The agent's address redirects elsewhere, which is not followed (status {number})."),
                _ => new(BackendEnd.Refused, "agent_refused", $"The agent refused the connection (status {number})."),
            },
        };
    }

    /// <summary>The upgrade was not answered.</summary>
    public static BackendFailure Of(Exception failed)
    {
        for (Exception? e = failed; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case AuthenticationException:
                case HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }:
                    return new(BackendEnd.Unreachable, "agent_tls_failed", "No secure connection to the agent could be made.");
                case HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError }:
                    return new(BackendEnd.Unreachable, "agent_name_unknown", "The name of the agent's host cannot be resolved.");
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return new(BackendEnd.Unreachable, "agent_unreachable", "Nothing listens at the agent's address.");
                case OperationCanceledException:
                    return TimedOut;
            }
        }
        return new(BackendEnd.Unreachable, "agent_unreachable", "The agent cannot be reached.");
    }
}

/// <summary>What the end of a connection to a backend means for the session.</summary>
internal enum BackendEnd
{
    None,
    /// <summary>The backend answered the upgrade with a status that another attempt would not change.</summary>
    Refused,
    /// <summary>TCP, TLS and the upgrade were not complete within the deadline.</summary>
    Unreachable,
    /// <summary>The backend closed the connection.</summary>
    Closed,
    /// <summary>The connection broke, or was silent for longer than the keep-alive allows.</summary>
    Lost,
    /// <summary>This side closed the connection.</summary>
    Disposed,
}
