using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling;

/// <summary>Section <c>Signaling</c>. Times are in seconds.</summary>
public sealed class SignalingOptions : IServiceOptions
{
    /// <summary>A day: the hint's expiry and the largest limit that anyone may ask for.</summary>
    private const int LongestSessionSeconds = 86_400;

    public static string Section => "Signaling";

    /// <summary>
    /// Public addresses of relays as they go into the answer, best first: <c>udp://203.0.113.7:3478</c>, <c>tcp://203.0.113.7:443</c>. 1 to
    /// 8.
    /// </summary>
    public string[] Ingresses { get; set; } = [];

    /// <summary>The agent of callers that name none.</summary>
    public string DefaultAgent { get; set; } = "echo";

    /// <summary>
    /// Agents that callers may name, besides the default one; empty: the built-in ones. Where they live is the transceiver's setting.
    /// </summary>
    public string[] Agents { get; set; } = [];

    /// <summary>
    /// Origins of web pages that may call, <c>https://app.example.com</c>; <c>*</c> is every page, which is safe here: nothing is
    /// authenticated by a cookie.
    /// </summary>
    public string[] AllowedOrigins { get; set; } = [];

    /// <summary>The longest a session may last; keys and callers can ask for less. 1 to 86400.</summary>
    public int MaximumSessionSeconds { get; set; } = 3600;

    /// <summary>
    /// Folder of the page; by default <c>web</c> beside the binaries or in a folder above them. Empty (the word <c>none</c>) serves no
    /// page.
    /// </summary>
    public string? WebRoot { get; set; }

    /// <summary>Opens <c>/demo</c>, which hands an ephemeral key to anybody: for the page on a laptop.</summary>
    public bool DemoPage { get; set; }

    /// <summary>
    /// An owner whose downlink schedule is later than this at p99, in milliseconds, takes no new sessions (docs/design.md 9). 5 is a
    /// quarter of a frame, before
    /// callers hear it. A laptop that also runs the callers wants more.
    /// </summary>
    public double MaximumLatenessMilliseconds { get; set; } = 5;

    /// <summary>Requests per second that one client address (IPv6: one /64) may make for long. 0: no limit.</summary>
    public int RequestsPerSecondPerAddress { get; set; } = 50;

    /// <summary>Requests that one client address may make at once.</summary>
    public int RequestBurstPerAddress { get; set; } = 200;

    /// <summary>Proxies in front of us that append to X-Forwarded-For and can be trusted: 0 on a laptop, 1 behind Container Apps.</summary>
    public int TrustedProxies { get; set; }

    /// <summary>
    /// Id of the Front Door profile that alone may call (<c>X-Azure-FDID</c>), a GUID; empty: anybody may. Health and scale paths and the
    /// sidecar are exempt.
    /// </summary>
    public string? FrontDoorId { get; set; }

    /// <summary>The ingresses, parsed. Call only after <see cref="Problems"/> found none.</summary>
    internal IReadOnlyList<Ingress> ParsedIngresses
        => [.. EffectiveIngresses.Select(text => Ingress.TryParse(text, out Ingress? ingress) ? ingress : throw new FormatException(text))];

    /// <summary>The default agent first.</summary>
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
        if (!string.IsNullOrEmpty(FrontDoorId) && !Guid.TryParse(FrontDoorId, out _))
            yield return "Signaling__FrontDoorId: the GUID of the Front Door profile, its property frontDoorId, or empty.";
        if (TrustedProxies is < 0 or > 8) yield return "Signaling__TrustedProxies: a number from 0 to 8.";
    }
}
