using System.Diagnostics;
using Dapr.Client;
using Grpc.Core;
using Grpc.Net.Client;
using Stub = Dapr.Client.Autogen.Grpc.v1.Dapr.DaprClient;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// How we connect to the sidecar over gRPC, and the generated client for the one call of which <see cref="DaprClient"/> hides too much:
/// its bulk read drops the error of each key.
/// </summary>
internal sealed class SidecarChannel(SidecarOptions options) : IDisposable
{
    /// <summary>Header that carries a token in both directions.</summary>
    public const string TokenHeader = "dapr-api-token";

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(options.GrpcEndpoint, ChannelOptions(options));

    /// <summary>Dapr's client with our endpoints, token and channel.</summary>
    public static void Configure(DaprClientBuilder builder, SidecarOptions options) => builder
        .UseHttpEndpoint(options.HttpEndpoint.ToString())
        .UseGrpcEndpoint(options.GrpcEndpoint.ToString())
        .UseDaprApiToken(options.ApiToken)
        .UseGrpcChannelOptions(ChannelOptions(options));

    /// <summary>Calls the generated client with the headers that <see cref="DaprClient"/> would send.</summary>
    public async Task<T> CallAsync<T>(Func<Stub, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellation)
    {
        var headers = new Metadata();
        if (options.ApiToken is { } token) headers.Add(TokenHeader, token);
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } traceparent }) headers.Add("traceparent", traceparent);
        return await call(new Stub(_channel), new CallOptions(headers, cancellationToken: cancellation)).ConfigureAwait(false);
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>A handler for a neighbour on loopback: no proxy, no cookies, and no redirects.</summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(1),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        EnableMultipleHttp2Connections = true,
    };

    private static GrpcChannelOptions ChannelOptions(SidecarOptions options) => new()
    {
        HttpHandler = CreateHandler(),
        DisposeHttpClient = true,
        // The defaults (1 s to 120 s) needed 45 s to come back after a sidecar had been away for 70 s.
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
        MaxReconnectBackoff = TimeSpan.FromMilliseconds(500),
        MaxReceiveMessageSize = options.MaximumAnswerBytes,
        // Dapr's builder sets this in options of its own, which ours replace.
        ThrowOperationCanceledOnCancellation = true,
    };
}
