using System.Text;
using Dapr.Voice.TestKit;

namespace Dapr.Voice.Tests.Unit.Sdp;

/// <summary>
/// Writes offers that RFC 8866, RFC 9429 and RFC 9143 allow, in any mixture of the choices that they leave open, and with the small
/// deviations that stacks are known for. Half of the offers are plain: they have what we need, and we have to answer them.
/// </summary>
internal sealed class RandomOffer
{
    private static readonly string[] Profiles =
    [
        "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF", "RTP/SAVP",
        "RTP/AVPF", "RTP/AVP",
    ];
    private static readonly string[] Directions = ["sendrecv", "sendonly", "recvonly", "inactive"];
    private static readonly string[] OtherSections =
    [
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97|a=rtpmap:96 VP8/90000|a=rtpmap:97 rtx/90000|a=fmtp:97 apt=96",
        "m=text 9 RTP/AVP 98|a=rtpmap:98 t140/1000", "m=image 9 udptl t38", "m=message 9 TCP/MSRP *|a=accept-types:text/plain",
        "m=application 9 UDP/DTLS/BFCP *", "m=application 9 RTP/AVP 99|a=rtpmap:99 x-other/90000", "m=audio 0 RTP/AVP 0",
    ];

    private readonly Random _random;
    private readonly StringBuilder _text = new();
    private readonly string _session, _lineEnd;
    private readonly int _opus;

    public RandomOffer(int seed)
    {
        _random = new Random(seed);
        IsPlain = _random.Next(2) == 0;
        _lineEnd = Pick(_random.Next(4) == 0 ? " \r\n" : "\r\n", "\n", "\r\n");
        _opus = Pick(111, 109, 96, 63);
        _session = Transport(chance: 3);
        Text = Write();
    }

    /// <summary>True if the offer has a microphone, playback or a data channel in a form that we have to serve.</summary>
    public bool IsPlain { get; }

    public string Text { get; }

    private string Write()
    {
        int count = _random.Next(1, 6);
        string[] sections = new string[count];
        // A plain offer has something to serve, which comes anywhere among the rest.
        int served = IsPlain ? _random.Next(count) : -1;
        var mids = new List<string>();
        bool usesMids = IsPlain || _random.Next(6) > 0;
        for (int i = 0; i < count; i++)
        {
            string? mid = usesMids && (IsPlain || _random.Next(12) > 0) ? Pick($"{i}", $"m{i}", $"section-{i}") : null;
            if (mid is not null) mids.Add(mid);
            sections[i] = _random.Next(i == served ? 7 : 10) switch { < 5 => Audio(mid), < 7 => Data(mid), _ => Other(mid) };
        }

        if (_random.Next(10) == 0) _text.Append('\uFEFF');
        Line("v=0");
        Line($"o={Pick("- ", " ", "", "caller ")}{_random.NextInt64(1L << 62)} {_random.Next(9)} IN IP4 127.0.0.1");
        Line("s=" + Pick("-", " ", "a call"));
        Maybe("c=IN IP4 0.0.0.0");
        Line("t=0 0");
        foreach (string group in Groups(mids)) Line(group);
        if (!IsPlain && _random.Next(20) == 0) Line("a=ice-lite");
        Maybe("a=extmap-allow-mixed", "a=msid-semantic: WMS *", "a=ice-options:trickle", "b=AS:64", "a=" + Pick(Directions));
        Lines(_session);
        foreach (string section in sections) Lines(section);
        string text = _text.ToString();
        return _random.Next(5) == 0 ? text.TrimEnd('\r', '\n') : text;
    }

    private IEnumerable<string> Groups(List<string> mids)
    {
        if (IsPlain || _random.Next(2) == 0) return [$"a=group:BUNDLE {string.Join(' ', mids.OrderBy(_ => _random.Next()))}".TrimEnd()];
        int split = _random.Next(mids.Count + 1);
        string first = string.Join(' ', mids.Take(split)), second = string.Join(' ', mids.Skip(split));
        return Pick<string[]>([], ["a=group:BUNDLE"], [$"a=group:BUNDLE {first}"], [$"a=group:BUNDLE {first}", $"a=group:BUNDLE {second}"],
            [$"a=group:LS {first}"]);
    }

    private string Audio(string? mid)
    {
        string profile = !IsPlain && _random.Next(12) == 0 ? "TCP/RTP/AVP" : Pick(Profiles);
        string direction = Pick(Directions);
        bool hasOpus = IsPlain || _random.Next(8) > 0;
        var formats = new List<(int PayloadType, string Name)> { (0, "PCMU/8000"), (9, "G722/8000"), (110, "telephone-event/48000"),
            (126, "telephone-event/8000"), (13, "CN/8000") };
        if (hasOpus) formats.Add((!IsPlain && _random.Next(10) == 0 ? 107 : _opus, Pick("opus/48000/2", "OPUS/48000/2", "Opus/48000/2")));
        formats = [.. formats.Where(f => f.Name.Contains("pus", StringComparison.OrdinalIgnoreCase) || _random.Next(2) == 0)
            .OrderBy(_ => _random.Next())];
        if (formats.Count == 0) formats.Add((8, "PCMA/8000"));
        bool isBundleOnly = IsPlain && _random.Next(8) == 0;
        var lines = new List<string> { $"m=audio {(isBundleOnly ? 0 : Pick(9, 50_000))} {profile} "
            + string.Join(' ', formats.Select(f => f.PayloadType)) };
        if (isBundleOnly) lines.Add("a=bundle-only");
        lines.AddRange(formats.Select(f => $"a=rtpmap:{f.PayloadType} {f.Name}"));
        if (_random.Next(4) > 0) lines.Add("a=" + direction);
        if (IsPlain || _random.Next(8) > 0) lines.Add("a=rtcp-mux");
        if (_random.Next(2) == 0) lines.Add(Pick("a=rtcp-rsize", "a=rtcp-mux-only", "a=rtcp:9 IN IP4 0.0.0.0", "a=ptime:20"));
        if (_random.Next(2) == 0) lines.Add(Pick("a=msid:- track", "a=ssrc:77 cname:x", "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid"));
        if (_random.Next(3) == 0) lines.Add("a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host");
        return Section(mid, lines);
    }

    private string Data(string? mid) => Section(mid, Pick<string[]>(
        [$"m=application 9 {Pick("UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP")} webrtc-datachannel", "a=sctp-port:5000"],
        [$"m=application 50000 {Pick("DTLS/SCTP", "UDP/DTLS/SCTP")} 5001", "a=sctpmap:5001 webrtc-datachannel 1024"],
        ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=max-message-size:0"]));

    private string Other(string? mid) => Section(mid, Pick(OtherSections).Split('|'));

    private string Section(string? mid, IEnumerable<string> lines)
        => string.Join('|', [.. lines, .. (mid is null ? (string[])[] : [$"a=mid:{mid}"]), Transport(chance: _session.Length > 0 ? 2 : 1)]);

    /// <summary>ICE and DTLS attributes, or nothing. They stand in the session, in each section, or in both.</summary>
    private string Transport(int chance)
    {
        if (_random.Next(chance) > 0) return "";
        string[] hashes = ["sha-1 20", "sha-256 32", "sha-384 48", "sha-512 64"];
        string[] chosen = [.. hashes.Where(_ => _random.Next(3) == 0)];
        if (chosen.Length == 0 || (IsPlain && chosen is ["sha-1 20"])) chosen = [hashes[_random.Next(1, 4)]];
        IEnumerable<string> fingerprints = chosen.Select(h => h.Split(' ')).Select(
            h => $"a=fingerprint:{Pick(h[0], h[0].ToUpperInvariant())} {string.Join(':', Enumerable.Repeat("A7", int.Parse(h[1])))}");
        return string.Join('|', [$"a=ice-ufrag:{Offers.Ufrag}", $"a=ice-pwd:{Offers.Password}", .. fingerprints,
            Pick("a=setup:actpass", "a=setup:active", "a=setup:passive", "a=tls-id:1")]);
    }

    private void Maybe(params string[] lines)
    {
        foreach (string line in lines)
        {
            if (_random.Next(4) == 0) Line(line);
        }
    }

    private void Lines(string joined)
    {
        foreach (string line in joined.Split('|', StringSplitOptions.RemoveEmptyEntries)) Line(line);
    }

    private void Line(string line) => _text.Append(line).Append(_lineEnd);

    private T Pick<T>(params T[] choices) => choices[_random.Next(choices.Length)];
}
