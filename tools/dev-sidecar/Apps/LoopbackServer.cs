using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Dapr.Voice.DevSidecar.Resources;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>
/// A listening port on 127.0.0.1. All ports of the process are opened here, so all have the same guard against web pages.
/// </summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(200);

    private readonly WebApplication _server;

    private LoopbackServer(WebApplication server)
    {
        _server = server;
        Port = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    /// <summary>The port on which it listens.</summary>
    public int Port { get; }

    /// <param name="port">0 chooses a free port.</param>
    /// <param name="advice">A sentence for the error message: what the user can do if the port is taken.</param>
    /// <exception cref="ResourceException">The port is taken.</exception>
    public static async Task<LoopbackServer> StartAsync(
        string name, int port, HttpProtocols protocols, string advice, Action<IServiceCollection> services,
        Action<WebApplication> configure, CancellationToken cancellation)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = protocols);
            kestrel.AddServerHeader = false;
            // The handlers have their own limits, and report them as the real sidecar does.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        services(builder.Services);
        WebApplication server = builder.Build();
        server.Use(GuardAsync);
        configure(server);
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new ResourceException($"Port {port} for {name} cannot be opened on 127.0.0.1: {e.Message} {advice}");
        }
        return new LoopbackServer(server);
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        await _server.StopAsync(patience.Token).ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// True if no token is required, or if the caller has sent it. The time of the comparison does not depend on where the two differ.
    /// </summary>
    public static bool HasToken(string? expected, HttpContext context)
        => expected is null || CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(context.Request.Headers[AppChannel.TokenHeader].FirstOrDefault() ?? ""),
            Encoding.UTF8.GetBytes(expected));

    /// <summary>
    /// Refuses requests of web pages. A browser on this machine can reach every loopback port, and a page whose name has been rebound to
    /// 127.0.0.1 could read the answers. The Host header of such a request still has the name of the page, and a request across origins has
    /// an Origin or a Sec-Fetch-Site header. Apps that call a sidecar send neither.
    /// </summary>
    private static Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        bool isLocalHost = context.Request.Host.Host is "127.0.0.1" or "localhost" or "[::1]";
        bool isPage = context.Request.Headers.Origin.Count > 0 || context.Request.Headers["Sec-Fetch-Site"].Any(site => site != "none");
        if (isLocalHost && !isPage) return next(context);
        context.Response.StatusCode = 403;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(
            isLocalHost ? "The sidecar answers no web page: remove the headers Origin and Sec-Fetch-Site.\n"
            : "The sidecar answers only as localhost or 127.0.0.1.\n",
            context.RequestAborted);
    }
}
