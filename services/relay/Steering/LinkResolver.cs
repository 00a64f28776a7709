using System.Net;
using System.Net.Sockets;
using Dapr.Voice.Relay.PacketPath;
using Dapr.Voice.Steering;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Relay.Steering;

/// <summary>
/// Resolves the names in link endpoints to addresses. An answer is kept for a while. It is asked for again while no link to the name comes
/// up, because the transceiver may have moved. An address that DNS no longer returns is dropped. If DNS does not answer, the last answer
/// stays. One caller at a time.
/// </summary>
internal sealed class LinkResolver(TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> lookUp)
{
    /// <summary>How long an answer is used while its links are up.</summary>
    public static readonly TimeSpan AnswerLifetime = TimeSpan.FromSeconds(30);

    /// <summary>If a name has several addresses, the next one is tried after this many looks without a link.</summary>
    public const int LooksPerAddress = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<LinkEndpoint, Answer> _answers = [];

    /// <summary>Returns the target of each endpoint that has one now. The other endpoints are omitted.</summary>
    /// <param name="isReached">Says whether a link to a target is up.</param>
    public async Task<IReadOnlyList<LinkTarget>> ResolveAsync(
        IReadOnlyCollection<LinkEndpoint> endpoints, Func<LinkTarget, bool> isReached, CancellationToken cancellation)
    {
        foreach (LinkEndpoint? gone in _answers.Keys.Except(endpoints).ToArray()) _answers.Remove(gone);
        LinkEndpoint[] due = endpoints.Where(e => !e.TryGetAddress(out _) && IsDue(e, isReached)).ToArray();
        // All names are resolved at the same time. So a DNS server that is down costs one timeout, not one for each transceiver.
        var lookUps = due.Select(e => e.Host).Distinct(StringComparer.OrdinalIgnoreCase)
            .ToDictionary(host => host, host => AskAsync(host, cancellation), StringComparer.OrdinalIgnoreCase);
        await Task.WhenAll(lookUps.Values);
        foreach (LinkEndpoint? endpoint in due)
        {
            if (await lookUps[endpoint.Host] is { Length: > 0 } addresses) Note(endpoint, addresses, isReached);
        }
        return [.. endpoints.Select(Target).Where(t => t.Address.Port != 0)];
    }

    private LinkTarget Target(LinkEndpoint endpoint)
    {
        if (endpoint.TryGetAddress(out TransportAddress address)) return new LinkTarget(endpoint.Scheme, address);
        return _answers.TryGetValue(endpoint, out Answer answer)
            ? new LinkTarget(endpoint.Scheme, TransportAddress.From(new IPEndPoint(answer.Address, endpoint.Port))) : default;
    }

    private bool IsDue(LinkEndpoint endpoint, Func<LinkTarget, bool> isReached)
        => !_answers.TryGetValue(endpoint, out Answer answer) || !isReached(Target(endpoint))
        || time.GetElapsedTime(answer.AskedAt) >= AnswerLifetime;

    private void Note(LinkEndpoint endpoint, IPAddress[] addresses, Func<LinkTarget, bool> isReached)
    {
        // IPv4 comes first, because the links' local address usually is IPv4. The order must not change from answer to answer.
        IPAddress[] sorted = [.. addresses.OrderBy(a => a.AddressFamily).ThenBy(a => a.ToString(), StringComparer.Ordinal)];
        int failures = 0;
        IPAddress chosen = sorted[0];
        if (_answers.TryGetValue(endpoint, out Answer old) && Array.IndexOf(sorted, old.Address) is >= 0 and var position)
        {
            failures = isReached(Target(endpoint)) ? 0 : old.Failures + 1;
            chosen = failures >= LooksPerAddress ? sorted[(position + 1) % sorted.Length] : old.Address;
            if (failures >= LooksPerAddress) failures = 0;
        }
        _answers[endpoint] = new Answer(chosen, time.GetTimestamp(), failures);
    }

    /// <summary>Returns an empty array if there is no answer.</summary>
    private async Task<IPAddress[]> AskAsync(string host, CancellationToken cancellation)
    {
        try
        {
            return await lookUp(host, cancellation).WaitAsync(Patience, time, cancellation);
        }
        catch (Exception e) when (e is SocketException or TimeoutException or ArgumentException)
        {
            return [];
        }
    }

    private readonly record struct Answer(IPAddress Address, long AskedAt, int Failures);
}
