using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Steering;

/// <summary>
/// The address at which a transceiver's worker accepts links: <c>udp://10.0.0.4:20000</c> or <c>tcp://transceiver-00:20000</c>. The default
/// scheme is UDP.
/// </summary>
/// <param name="Host">An address without brackets, or a name.</param>
/// <param name="Port">1 to 65,535.</param>
public sealed record LinkEndpoint(LinkScheme Scheme, string Host, int Port)
{
    /// <summary>The longest host name in characters (RFC 1035, section 2.3.4).</summary>
    private const int MaximumHostLength = 253;

    private const string Form = "udp://10.0.0.4:20000 or tcp://transceiver-00:20000";

    /// <param name="error">What is wrong and what to write instead, phrased to follow the text in a sentence. Null on success.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out LinkEndpoint? endpoint, [NotNullWhen(false)] out string? error)
    {
        endpoint = null;
        error = null;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        LinkScheme scheme = LinkScheme.Udp;
        int separator = rest.IndexOf("://");
        if (separator >= 0)
        {
            if (rest[..separator].Equals("tcp", StringComparison.OrdinalIgnoreCase)) scheme = LinkScheme.Tcp;
            else if (!rest[..separator].Equals("udp", StringComparison.OrdinalIgnoreCase))
            error = $"begins with neither udp:// nor tcp://; it should be like {Form}";
            rest = rest[(separator + 3)..];
        }
        if (error is not null) return false;
        int colon = rest.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || port == 0)
        {
            error = $"has no port from 1 to 65535 at its end; it should be like {Form}";
            return false;
        }
        ReadOnlySpan<char> host = rest[..colon];
        bool isBracketed = host is ['[', .., ']'];
        if (isBracketed) host = host[1..^1];
        string name = host.ToString();
        bool isGood = isBracketed || name.Contains(':') ? isBracketed
            && TransportAddress.TryParse($"[{name}]:1", out TransportAddress address)
            && !address.IsIPv4 : IsHost(name);
        if (!isGood)
        {
            error = $"names no host; it should be like {Form}, an IPv6 address in brackets";
            return false;
        }
        endpoint = new LinkEndpoint(scheme, name, port);
        return true;
    }

    /// <summary>Gets the address. Returns false if the host is a name, which the caller has to resolve.</summary>
    public bool TryGetAddress(out TransportAddress address)
    {
        address = default;
        // "20000" alone is an IPv4 address to some parsers.
        return (Host.Contains('.') || Host.Contains(':')) && TransportAddress.TryParse(Authority, out address);
    }

    /// <summary>The endpoint of a worker: the same host, and the first worker's port plus the worker's number.</summary>
    public LinkEndpoint ForWorker(int worker) => this with { Port = Port + worker };

    public override string ToString() => $"{(Scheme == LinkScheme.Tcp ? "tcp" : "udp")}://{Authority}";

    private string Authority => string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':') ? $"[{Host}]" : Host)}:{Port}");

    private static bool IsHost(string name)
    {
        if (name.Length is 0 or > MaximumHostLength || name[0] is '-' or '.') return false;
        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_')) return false;
        }
        return true;
    }
}
