using System.Net;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Page;

/// <summary>
/// Lets in the page that this service serves, and programs that are no browser. Any other page that a person opens could otherwise get a
/// key from the service on that person's machine. Two ways are closed: a page of another origin, and a stranger's name that points to this
/// machine (DNS rebinding), with which the page is of the same origin.
/// </summary>
internal sealed class OwnPageOnly(SignalingOptions options)
{
    private readonly HashSet<string> _hosts = new(options.DemoHosts, StringComparer.OrdinalIgnoreCase);

    /// <summary>Returns the error for a request that may not pass, or null.</summary>
    public ApiError? Refusal(HttpRequest request)
    {
        if (!IsKnown(request.Host.Host))
            return ApiError.Forbidden("unknown_host", "Keys for the page are given under known host names only. Open the page by its IP "
                + "address or as localhost, or add the name to Signaling__DemoHosts.");
        return IsOwnPage(request) ? null : ApiError.Forbidden("own_page_only", "This server gives keys to its own page only. Other pages "
            + "get theirs from an app server: POST /v1/realtime/client_secrets.");
    }

    /// <summary>A stranger's name is never an address, and no DNS server answers for localhost (RFC 6761, section 6.3).</summary>
    private bool IsKnown(string host) => IPAddress.TryParse(host.Trim('[', ']'), out _)
        || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || _hosts.Contains(host);

    /// <summary>
    /// Browsers say by Sec-Fetch-Site where a request comes from, and a page can't change that. They leave it out for plain HTTP to another
    /// machine. Then Origin tells; a browser sends it with every POST and with every GET whose answer another origin could read.
    /// </summary>
    private static bool IsOwnPage(HttpRequest request)
    {
        string? site = request.Headers["Sec-Fetch-Site"];
        // 'none' is an address that the person typed.
        if (!string.IsNullOrEmpty(site)) return site is "same-origin" or "none";
        string? origin = request.Headers.Origin;
        return string.IsNullOrEmpty(origin) || Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase);
    }
}
