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
/// One listening port on 127.0.0.1. Every port of the process is opened here, so every port has the same guard against web pages.
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

    /// <summary>The port that it listens on.</summary>
    public int Port { get; }

    /// <param name="port">0 takes a free port.</param>
    /// <param name="advice">What the user can do if the port is taken: a sentence for the error message.</param>
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
            // The handlers have limits of their own and report them in the sidecar's words.
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
    /// True if no token is asked for, or if the caller sent it. The comparison takes the same time wherever the two differ.
    /// </summary>
    public static bool HasToken(string? expected, HttpContext context)
        => expected is null || CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(context.Request.Headers[AppChannel.TokenHeader].FirstOrDefault() ?? ""),
            Encoding.UTF8.GetBytes(expected));

    /// <summary>
    /// Refuses web pages. A browser on this machine reaches every loopback port, and a page whose name is rebound to 127.0.0.1 could read
    /// the answers. The Host header still has the name of the page, and a request across origins has an Origin or a Sec-Fetch-Site header.
    /// No app that calls a sidecar sends one of them.
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
