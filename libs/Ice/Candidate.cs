using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Dapr.Voice.Wire;

namespace Dapr.Voice.Ice;

/// <summary>A candidate in the form of <c>a=candidate</c> (RFC 8839, section 5.1).</summary>
/// <param name="Foundation">1 to 32 characters. Candidates that are likely to fail together have the same foundation.</param>
/// <param name="Component">1 for RTP with rtcp-mux and for everything that is bundled.</param>
public sealed record Candidate(
    string Foundation, int Component, CandidateTransport Transport, uint Priority, TransportAddress Address, CandidateType Type)
{
    /// <summary>The maximum length in characters. Longer candidates are rejected.</summary>
    public const int MaximumLength = 512;

    private const string Prefix = "candidate:";

    /// <summary>For reflexive and relayed candidates: the base from which they were learned.</summary>
    public TransportAddress? RelatedAddress { get; init; }

    /// <summary>Creates a host candidate for component 1.</summary>
    /// <param name="index">0 for the preferred address. Each further address has a lower priority and its own foundation.</param>
    public static Candidate Host(TransportAddress address, int index = 0, CandidateTransport transport = CandidateTransport.Udp)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 1000);
        // RFC 6544, section 4.2 puts the direction of TCP into the local preference. TCP ranks below UDP in each direction.
        int localPreference = transport == CandidateTransport.Udp ? 65535 - index : 8191 - index;
        uint priority = ComputePriority(CandidateType.Host, localPreference, 1);
        return new Candidate((index + 1).ToString(CultureInfo.InvariantCulture), 1, transport, priority, address, CandidateType.Host);
    }

    /// <summary>Computes the priority (RFC 8445, section 5.1.2.1).</summary>
    /// <param name="localPreference">0 to 65535.</param>
    public static uint ComputePriority(CandidateType type, int localPreference, int component)
    {
        uint typePreference = type switch
        {
            CandidateType.Host => 126,
            CandidateType.PeerReflexive => 110,
            CandidateType.ServerReflexive => 100,
            _ => 0,
        };
        return (typePreference << 24) | ((uint)localPreference << 8) | (uint)(256 - component);
    }

    /// <summary>
    /// Reads an attribute value, with or without <c>candidate:</c> (and <c>a=</c>) in front. Returns false for candidates that can't be
    /// used: host names (mDNS), unknown transports and unknown types.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Candidate? candidate)
    {
        candidate = null;
        if (text.Length > MaximumLength) return false;
        text = text.Trim();
        if (text.StartsWith("a=", StringComparison.Ordinal)) text = text[2..];
        if (text.StartsWith(Prefix, StringComparison.Ordinal)) text = text[Prefix.Length..];

        ReadOnlySpan<char> foundation = NextToken(ref text);
        if (foundation.Length is < 1 or > 32 || !IsIceCharacters(foundation)) return false;
        if (!TryReadNumber(NextToken(ref text), 256, out uint component) || component == 0) return false;
        bool isUdp = NextToken(ref text) is var transportToken && transportToken.Equals("udp", StringComparison.OrdinalIgnoreCase);
        if (!isUdp && !transportToken.Equals("tcp", StringComparison.OrdinalIgnoreCase)) return false;
        if (!TryReadNumber(NextToken(ref text), uint.MaxValue, out uint priority)) return false;
        if (!TryReadAddress(NextToken(ref text), NextToken(ref text), out TransportAddress address)) return false;
        if (!NextToken(ref text).SequenceEqual("typ") || !TryReadType(NextToken(ref text), out CandidateType type)) return false;

        ReadOnlySpan<char> relatedAddress = default, relatedPort = default, tcpType = default;
        while (!text.IsEmpty)
        {
            ReadOnlySpan<char> name = NextToken(ref text);
            ReadOnlySpan<char> value = NextToken(ref text);
            switch (name)
            {
                case "raddr": relatedAddress = value; break;
                case "rport": relatedPort = value; break;
                case "tcptype": tcpType = value; break;
            }
        }
        if (!TryReadTransport(isUdp, tcpType, out CandidateTransport transport)) return false;
        candidate = new Candidate(foundation.ToString(), (int)component, transport, priority, address, type)
        {
            // Browsers hide the base behind 0.0.0.0 or a name. It serves diagnosis only, so an unreadable one is not an error.
            RelatedAddress = TryReadAddress(relatedAddress, relatedPort, out TransportAddress related) ? related : null,
        };
        return true;
    }

    /// <summary>
    /// Returns the candidate with <c>candidate:</c> in front, as in a browser's <c>RTCIceCandidate.candidate</c>, without a <c>ufrag</c>
    /// extension.
    /// </summary>
    public override string ToString()
    {
        var endPoint = Address.ToIPEndPoint();
        string transport = Transport == CandidateTransport.Udp ? "udp" : "tcp";
        string text = string.Create(CultureInfo.InvariantCulture,
            $"{Prefix}{Foundation} {Component} {transport} {Priority} {endPoint.Address} {endPoint.Port} typ {TypeName}");
        if (RelatedAddress is { } related)
        {
            var relatedEndPoint = related.ToIPEndPoint();
            text += string.Create(CultureInfo.InvariantCulture, $" raddr {relatedEndPoint.Address} rport {relatedEndPoint.Port}");
        }
        return Transport switch
        {
            CandidateTransport.TcpActive => text + " tcptype active",
            CandidateTransport.TcpPassive => text + " tcptype passive",
            CandidateTransport.TcpSimultaneousOpen => text + " tcptype so",
            _ => text,
        };
    }

    private string TypeName => Type switch
    {
        CandidateType.Host => "host",
        CandidateType.ServerReflexive => "srflx",
        CandidateType.PeerReflexive => "prflx",
        _ => "relay",
    };

    private static bool TryReadType(ReadOnlySpan<char> text, out CandidateType type)
    {
        type = text switch
        {
            "srflx" => CandidateType.ServerReflexive,
            "prflx" => CandidateType.PeerReflexive,
            "relay" => CandidateType.Relayed,
            _ => CandidateType.Host,
        };
        return type != CandidateType.Host || text is "host";
    }

    private static bool TryReadTransport(bool isUdp, ReadOnlySpan<char> tcpType, out CandidateTransport transport)
    {
        transport = tcpType switch
        {
            "active" => CandidateTransport.TcpActive,
            "passive" => CandidateTransport.TcpPassive,
            "so" => CandidateTransport.TcpSimultaneousOpen,
            _ => CandidateTransport.Udp,
        };
        if (isUdp) transport = CandidateTransport.Udp;
        return isUdp || transport != CandidateTransport.Udp;
    }

    private static bool TryReadAddress(ReadOnlySpan<char> host, ReadOnlySpan<char> portText, out TransportAddress address)
    {
        address = default;
        if (!TryReadNumber(portText, ushort.MaxValue, out uint port)) return false;
        // IPAddress also reads "1" and "0x7f.1"; a candidate has four decimal parts, or colons.
        bool isIPv6 = host.Contains(':') && !host.Contains('%');
        if (!isIPv6 && (host.Count('.') != 3 || host.ContainsAnyExcept("0123456789."))) return false;
        if (!IPAddress.TryParse(host, out IPAddress? parsed)) return false;
        address = TransportAddress.From(new IPEndPoint(parsed, (int)port));
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<char> text, uint maximum, out uint value)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= maximum;

    private static bool IsIceCharacters(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/')) return false;
        }
        return true;
    }

    private static ReadOnlySpan<char> NextToken(scoped ref ReadOnlySpan<char> text)
    {
        text = text.TrimStart(' ');
        int end = text.IndexOf(' ');
        ReadOnlySpan<char> token = end < 0 ? text : text[..end];
        text = text[token.Length..];
        return token;
    }
}
