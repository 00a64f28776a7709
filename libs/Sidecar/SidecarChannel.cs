using System.Diagnostics;
using Dapr.Client;
using Grpc.Core;
using Grpc.Net.Client;
using Stub = Dapr.Client.Autogen.Grpc.v1.Dapr.DaprClient;

namespace Dapr.Voice.Sidecar;

/// <summary>
/// The gRPC connection to the sidecar, and the generated client for bulk reads. <see cref="DaprClient"/> can't be used for those, because
/// it drops the error of each key.
/// </summary>
internal sealed class SidecarChannel(SidecarOptions options) : IDisposable
{
    /// <summary>The header with the token, in both directions.</summary>
    public const string TokenHeader = "dapr-api-token";

    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(options.GrpcEndpoint, ChannelOptions(options));

    /// <summary>Configures Dapr's client with our endpoints, token and channel.</summary>
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

    /// <summary>Creates a handler for a sidecar on loopback: no proxy, no cookies, and no redirects.</summary>
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
        // With the defaults (1 s to 120 s), calls worked again only 45 s after the return of a sidecar that had been down for 70 s.
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
        MaxReconnectBackoff = TimeSpan.FromMilliseconds(500),
        MaxReceiveMessageSize = options.MaximumAnswerBytes,
        // Dapr's builder sets this in its own options, which ours replace.
        ThrowOperationCanceledOnCancellation = true,
    };
}
