using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Cli.Running;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Calls;

/// <summary>The Realtime API of one server: its URL, the key to use, and an advice for each of its refusals.</summary>
internal sealed class ServerAccess : IDisposable
{
    private readonly HttpClient _client;
    private readonly string _key;

    private ServerAccess(Uri server, string key, RunState? local)
    {
        Server = server;
        Local = local;
        _key = key;
        _client = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromSeconds(10) };
    }

    public Uri Server { get; }

    /// <summary>The system that runs on this machine; null if the server is another one.</summary>
    public RunState? Local { get; }

    /// <summary>
    /// Finds the server and the key. Without <paramref name="server"/> it is the system that runs here. Without <paramref name="key"/> the
    /// key comes from VOICE_API_KEY or from the running system.
    /// </summary>
    /// <exception cref="CommandFailedException">There is no server or no key, or the URL is unusable.</exception>
    public static ServerAccess Find(Installation installation, string? server, string? key)
    {
        RunState? local = RunState.Load(installation) is { IsAlive: true } state ? state : null;
        Uri address;
        if (server is not null)
        {
            if (!Uri.TryCreate(server, UriKind.Absolute, out address!) || address.Scheme is not ("http" or "https"))
                throw new CommandFailedException($"'{server}' is no server URL", "for example: --server http://127.0.0.1:8080");
        }
        else
        {
            if (local is null) throw new CommandFailedException("no system is running here", "'./voice up --detach' starts one, or name "
                + "one with --server URL");
            address = new Uri(local.Url);
        }
        bool isLocal = local is not null && new Uri(local.Url).Authority == address.Authority;
        key ??= Environment.GetEnvironmentVariable("VOICE_API_KEY") is { Length: > 0 } named ? named : isLocal ? local!.ApiKey : null;
        return key is null
            ? throw new CommandFailedException($"no key for {address}", "give --key or set VOICE_API_KEY")
            : new ServerAccess(address, key, isLocal ? local : null);
    }

    /// <summary>
    /// The access to a system that is just being started. Its calls are marked as checks, so that subscribers do not get events of calls
    /// that nobody made.
    /// </summary>
    public static ServerAccess ForCheck(Uri server, string key)
    {
        var access = new ServerAccess(server, key, null);
        access._client.DefaultRequestHeaders.Add(ClientKinds.CheckHeader, "1");
        return access;
    }

    /// <summary>The access to a system that this process has started for itself.</summary>
    public static ServerAccess Of(Uri server, string key) => new(server, key, null);

    /// <summary>Posts an offer.</summary>
    /// <param name="session">The configuration of the session. Null for none.</param>
    /// <returns>The call id and the answer.</returns>
    /// <exception cref="CommandFailedException">The server does not answer, or refuses the call.</exception>
    public async Task<(string CallId, string Answer)> CallAsync(
        string offer, string? agent, JsonObject? session, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, "/v1/realtime/calls" + (agent is null ? "" : "?agent=" + Uri.EscapeDataString(agent)))
        {
            Content = session is null ? new StringContent(offer, Encoding.UTF8, new MediaTypeHeaderValue("application/sdp"))
                : new MultipartFormDataContent { { new StringContent(offer), "sdp" },
                    { new StringContent(session.ToJsonString()), "session" } },
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        try
        {
            using HttpResponseMessage answer = await _client.SendAsync(request, cancellation);
            string body = await answer.Content.ReadAsStringAsync(cancellation);
            if (answer.StatusCode == HttpStatusCode.Created) return (answer.Headers.Location?.OriginalString.Split('/')[^1] ?? "", body);
            throw Refused(answer.StatusCode, body, answer.Headers.RetryAfter?.Delta);
        }
        catch (HttpRequestException failure)
        when (failure.InnerException is SocketException or IOException || failure.HttpRequestError is not HttpRequestError.Unknown)
        {
            throw new CommandFailedException($"nothing answers at {Server}: {failure.InnerException?.Message ?? failure.Message}",
                "'./voice up --detach' starts a system here; check the URL with 'curl'");
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandFailedException(
                $"{Server} did not answer within {_client.Timeout.TotalSeconds:0} s", "look at its logs (.voice/logs), or try again");
        }
    }

    private CommandFailedException Refused(HttpStatusCode status, string body, TimeSpan? retryAfter)
    {
        string message = body;
        try
        {
            message = (string?)JsonNode.Parse(body)?["error"]?["message"] ?? body;
        }
        catch (global::System.Text.Json.JsonException)
        {
            // This is not an error of our server. The message is what it said.
        }
        if (message.Length > 300) message = message[..300];
        string fix = status switch
        {
            HttpStatusCode.Unauthorized => Local is null ? "give the right key with --key or VOICE_API_KEY"
                : "omit --key and VOICE_API_KEY to use the key of the running system",
            HttpStatusCode.NotFound => "give --agent local, echo or parrot, or another name that the server knows",
            HttpStatusCode.ServiceUnavailable =>
                $"no transceiver has room: try again{(retryAfter is { } wait ? $" in {wait.TotalSeconds:0} s" : "")}, "
                + "or start more transceivers",
            HttpStatusCode.TooManyRequests => "too many calls from this address: wait a moment",
            _ => "read the log of the server (.voice/logs/signaling.log)",
        };
        return new CommandFailedException($"the server refused the call: {(int)status} {message}", fix);
    }

    /// <returns>The status of the answer.</returns>
    public async Task<HttpStatusCode> HangUpAsync(string callId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/realtime/calls/{callId}/hangup");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        using HttpResponseMessage answer = await _client.SendAsync(request);
        return answer.StatusCode;
    }

    /// <summary>Asks for the record of a call.</summary>
    /// <returns>Null if the server does not answer in time or cannot be reached.</returns>
    public async Task<HttpStatusCode?> LookUpAsync(string callId, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/realtime/calls/{callId}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        try
        {
            using HttpResponseMessage answer = await _client.SendAsync(request, cancellation);
            return answer.StatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException
            || (failure is TaskCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    public void Dispose() => _client.Dispose();
}
