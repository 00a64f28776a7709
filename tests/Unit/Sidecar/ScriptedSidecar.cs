using System.Collections.Concurrent;
using System.Net;
using Dapr.Client.Autogen.Grpc.v1;
using Dapr.Voice.Sidecar;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dapr.Voice.Tests.Unit.Sidecar;

/// <summary>A gRPC call as it arrived.</summary>
internal sealed record SentCall(string Method, IMessage Request, IReadOnlyDictionary<string, string> Headers);

/// <summary>
/// A gRPC server with Dapr's methods that answers the calls one after the other as scripted; the last answer stays. It gives odd answers
/// that no sidecar can be made to give on demand. Its HTTP port answers health checks with <see cref="HealthStatus"/>.
/// </summary>
internal sealed class ScriptedSidecar : IAsyncDisposable
{
    private readonly List<ServiceProvider> _clients = [];
    private WebApplication _server = null!;
    private int _next = -1;

    private ScriptedSidecar(Func<ServerCallContext, Task<IMessage>>[] answers) => Answers = answers;

    public Func<ServerCallContext, Task<IMessage>>[] Answers { get; private set; }

    public ConcurrentQueue<SentCall> Calls { get; } = [];

    public int HealthStatus { get; set; } = 204;

    public int HealthChecks { get; private set; }

    private Uri GrpcEndpoint { get; set; } = null!;

    private Uri HttpEndpoint { get; set; } = null!;

    public static Func<ServerCallContext, Task<IMessage>> Answer(IMessage message) => _ => Task.FromResult(message);

    public static Func<ServerCallContext, Task<IMessage>> Done { get; } = Answer(new Empty());

    public static Func<ServerCallContext, Task<IMessage>> Nothing { get; } = Answer(new GetStateResponse());

    public static Func<ServerCallContext, Task<IMessage>> Value(string json, string etag)
        => Answer(new GetStateResponse { Data = ByteString.CopyFromUtf8(json), Etag = etag });

    /// <summary>No ErrorInfo, as in Container Apps.</summary>
    public static Func<ServerCallContext, Task<IMessage>> Error(StatusCode status) => _ => throw new RpcException(new Status(status, "x"));

    public static async Task<IMessage> Never(ServerCallContext context)
    {
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
        throw new InvalidOperationException();
    }

    public static async Task<ScriptedSidecar> StartAsync(params Func<ServerCallContext, Task<IMessage>>[] answers)
    {
        var sidecar = new ScriptedSidecar(answers);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
        sidecar._server = builder.Build();
        sidecar._server.MapGrpcService(sidecar.Bind());
        sidecar._server.MapGet("/v1.0/healthz/outbound", () =>
        {
            sidecar.HealthChecks++;
            return Results.StatusCode(sidecar.HealthStatus);
        });
        await sidecar._server.StartAsync();
        string[] addresses =
            [.. sidecar._server.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];
        (sidecar.GrpcEndpoint, sidecar.HttpEndpoint) = (new Uri(addresses[0]), new Uri(addresses[1]));
        return sidecar;
    }

    /// <summary>From now on, these answers.</summary>
    public void Script(params Func<ServerCallContext, Task<IMessage>>[] answers) => (Answers, _next) = (answers, -1);

    /// <summary>The services as a process has them, connected to this sidecar.</summary>
    public IServiceProvider Connect(Action<SidecarOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSidecar(options =>
        {
            (options.GrpcEndpoint, options.HttpEndpoint, options.ApiToken) = (GrpcEndpoint, HttpEndpoint, null);
            // A test machine is shared. Tests of deadlines set their own.
            options.StateTimeout = options.PublishTimeout = options.SecretTimeout = TimeSpan.FromSeconds(30);
            configure?.Invoke(options);
        });
        ServiceProvider provider = services.BuildServiceProvider();
        _clients.Add(provider);
        return provider;
    }

    public IStateStore Store(Action<SidecarOptions>? configure = null) => Connect(configure).GetRequiredService<IStateStore>();

    public async ValueTask DisposeAsync()
    {
        foreach (ServiceProvider client in _clients) await client.DisposeAsync();
        await _server.DisposeAsync();
    }

    private ServerServiceDefinition Bind()
    {
        ServerServiceDefinition.Builder builder = ServerServiceDefinition.CreateBuilder();
        Add<GetStateRequest, GetStateResponse>(builder, "GetState");
        Add<GetBulkStateRequest, GetBulkStateResponse>(builder, "GetBulkState");
        Add<SaveStateRequest, Empty>(builder, "SaveState");
        Add<DeleteStateRequest, Empty>(builder, "DeleteState");
        Add<PublishEventRequest, Empty>(builder, "PublishEvent");
        Add<GetSecretRequest, GetSecretResponse>(builder, "GetSecret");
        return builder.Build();
    }

    private void Add<TRequest, TResponse>(ServerServiceDefinition.Builder builder, string name)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new()
    {
        var method = new Method<TRequest, TResponse>(
            MethodType.Unary, "dapr.proto.runtime.v1.Dapr", name, Marshaller<TRequest>(), Marshaller<TResponse>());
        builder.AddMethod(method, async (request, context) =>
        {
            var headers = context.RequestHeaders.Where(h => !h.IsBinary).ToDictionary(h => h.Key, h => h.Value, StringComparer.Ordinal);
            Calls.Enqueue(new SentCall(name, request, headers));
            int index = Math.Min(Interlocked.Increment(ref _next), Answers.Length - 1);
            return (TResponse)await Answers[index](context);
        });
    }

    private static Marshaller<T> Marshaller<T>() where T : class, IMessage<T>, new()
    {
        var parser = new MessageParser<T>(() => new T());
        return Marshallers.Create(message => message.ToByteArray(), parser.ParseFrom);
    }
}
