using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling;

/// <summary>The settings in the section <c>Signaling</c>. Times are in seconds.</summary>
public sealed class SignalingOptions : IServiceOptions
{
    /// <summary>A day. It bounds the hint's expiry and the largest limit that a caller may ask for.</summary>
    private const int LongestSessionSeconds = 86_400;

    public static string Section => "Signaling";

    /// <summary>
    /// The public addresses of relays as they go into the answer, best first: <c>udp://203.0.113.7:3478</c>, <c>tcp://203.0.113.7:443</c>.
    /// 1 to 8.
    /// </summary>
    public string[] Ingresses { get; set; } = [];

    /// <summary>The agent of callers that name none.</summary>
    public string DefaultAgent { get; set; } = "echo";

    /// <summary>
    /// The agents that callers may name, besides the default one. Empty: the built-in agents. The transceiver's settings say where an
    /// agent's backend is.
    /// </summary>
    public string[] Agents { get; set; } = [];

    /// <summary>
    /// The origins of web pages that may call, for example <c>https://app.example.com</c>. <c>*</c> allows every page, which is safe here
    /// because nothing is authenticated by a cookie.
    /// </summary>
    public string[] AllowedOrigins { get; set; } = [];

    /// <summary>The longest duration of a session, 1 to 86400. Keys and callers can ask for less.</summary>
    public int MaximumSessionSeconds { get; set; } = 3600;

    /// <summary>
    /// The folder of the page. By default it is <c>web</c> beside the binaries or in a folder above them. Empty (the word <c>none</c>): no
    /// page is served.
    /// </summary>
    public string? WebRoot { get; set; }

    /// <summary>
    /// Opens <c>/demo</c>, which gives an ephemeral key to anybody who opens the page of this service. It is for the page on a laptop.
    /// </summary>
    public bool DemoPage { get; set; }

    /// <summary>
    /// The host names under which <c>/demo</c> answers, without ports, for example <c>voice.example.com</c>. IP addresses and
    /// <c>localhost</c> are always among them. Another name may be a stranger's that points to this machine (DNS rebinding).
    /// </summary>
    public string[] DemoHosts { get; set; } = [];

    /// <summary>
    /// An owner whose p99 lateness of downlink frames, in milliseconds, is above this gets no new sessions (docs/design.md 9). 5 is a
    /// quarter of a frame, which callers do not hear yet. A laptop that also runs the callers needs a higher value.
    /// </summary>
    public double MaximumLatenessMilliseconds { get; set; } = 5;

    /// <summary>The requests per second that one client address (one /64 for IPv6) may make over a long time. 0: no limit.</summary>
    public int RequestsPerSecondPerAddress { get; set; } = 50;

    /// <summary>The requests that one client address may make at once.</summary>
    public int RequestBurstPerAddress { get; set; } = 200;

    /// <summary>
    /// The calls per second that one caller may start over a long time. A caller is a key together with an address (a /64 for IPv6). Four
    /// times as many may come with one key from all addresses, from one address with all keys, and from one app through its sidecar. 0: no
    /// limit.
    /// </summary>
    public int CallsPerSecondPerCaller { get; set; } = 20;

    /// <summary>The calls that one caller may start at once.</summary>
    public int CallBurstPerCaller { get; set; } = 60;

    /// <summary>
    /// A token that a scaler sends to <c>/scale/shards</c> as <c>Authorization: Bearer</c>, at least 16 characters. It is a secret. Without
    /// it, only callers with the app's API token get an answer there.
    /// </summary>
    public string? ScaleToken { get; set; }

    /// <summary>
    /// The number of trusted proxies in front of signaling that append to X-Forwarded-For: 0 on a laptop, 1 behind Container Apps.
    /// </summary>
    public int TrustedProxies { get; set; }

    /// <summary>
    /// The id (a GUID) of the only Front Door profile that may call, which sends it in <c>X-Azure-FDID</c>. Empty: anybody may call. Health
    /// paths, scale paths and the sidecar are exempt.
    /// </summary>
    public string? FrontDoorId { get; set; }

    /// <summary>The parsed ingresses. Call it only after <see cref="Problems"/> has found none.</summary>
    internal IReadOnlyList<Ingress> ParsedIngresses
        => [.. EffectiveIngresses.Select(text => Ingress.TryParse(text, out Ingress? ingress) ? ingress : throw new FormatException(text))];

    /// <summary>The agents that callers may name. The default agent is first.</summary>
    internal IReadOnlyList<string> EffectiveAgents
        => [.. Agents.Prepend(DefaultAgent).Concat(Agents.Length == 0 ? ["echo", "parrot"] : []).Distinct(StringComparer.Ordinal)];

    internal IReadOnlyList<string> EffectiveOrigins => AllowedOrigins.Length == 0 ? ["*"] : AllowedOrigins;

    private IReadOnlyList<string> EffectiveIngresses => Ingresses.Length == 0 ? ["udp://127.0.0.1:3478"] : Ingresses;

    public IEnumerable<string> Problems()
    {
        if (EffectiveIngresses.Count > 8) yield return "Signaling__Ingresses: at most 8, since every client checks each of them.";
        foreach (string text in EffectiveIngresses)
        {
            if (!Ingress.TryParse(text, out _))
                yield return $"Signaling__Ingresses: '{text}' should be udp://ADDRESS:PORT or tcp://ADDRESS:PORT with an IP address, for "
                    + $"example udp://127.0.0.1:3478.";
        }
        foreach (string agent in Agents.Append(DefaultAgent))
        {
            if (!AgentName.IsValid(agent))
                yield return $"Signaling__Agents, Signaling__DefaultAgent: '{agent}' should be 1 to 64 letters, digits, '.', '-' and '_'.";
        }
        foreach (string origin in AllowedOrigins)
        {
            if (origin != "*" && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
                && uri.GetLeftPart(UriPartial.Authority) == origin))
                yield return $"Signaling__AllowedOrigins: '{origin}' should be '*' or scheme, host and port alone, for example "
                    + $"https://app.example.com.";
        }
        if (MaximumSessionSeconds is < 1 or > LongestSessionSeconds)
            yield return "Signaling__MaximumSessionSeconds: a number from 1 to 86400.";
        if (MaximumLatenessMilliseconds is not (> 0 and <= 1000))
            yield return "Signaling__MaximumLatenessMilliseconds: above 0, at most 1000.";
        if (RequestsPerSecondPerAddress < 0) yield return "Signaling__RequestsPerSecondPerAddress: 0 (no limit) or more.";
        if (RequestBurstPerAddress < 1) yield return "Signaling__RequestBurstPerAddress: 1 or more.";
        if (CallsPerSecondPerCaller is < 0 or > 100_000) yield return "Signaling__CallsPerSecondPerCaller: 0 (no limit) to 100000.";
        if (CallBurstPerCaller is < 1 or > 1_000_000) yield return "Signaling__CallBurstPerCaller: a number from 1 to 1000000.";
        foreach (string host in DemoHosts)
        {
            if (Uri.CheckHostName(host) != UriHostNameType.Dns)
                yield return $"Signaling__DemoHosts: '{host}' should be a host name alone, for example voice.example.com.";
        }
        // The value is a secret, so the message does not quote it.
        if (!string.IsNullOrEmpty(ScaleToken)
            && (ScaleToken.Length < ApiKeySet.MinimumKeyLength || ScaleToken.Any(c => c is <= ' ' or > '~')))
            yield return $"Signaling__ScaleToken: at least {ApiKeySet.MinimumKeyLength} ASCII characters without spaces, or empty.";
        if (!string.IsNullOrEmpty(FrontDoorId) && !Guid.TryParse(FrontDoorId, out _))
            yield return "Signaling__FrontDoorId: the GUID of the Front Door profile, its property frontDoorId, or empty.";
        if (TrustedProxies is < 0 or > 8) yield return "Signaling__TrustedProxies: a number from 0 to 8.";
    }
}
