using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Dapr.Voice.DevSidecar;

/// <summary>The sidecar of one app id: its port, its API, its subscriptions.</summary>
internal sealed class AppSidecar : IAsyncDisposable
{
    private const string RuntimeVersion = "1.18.1";
    private const int MaximumExtendedValues = 100;

    private readonly DevSidecarOptions _options;
    private readonly SharedComponents _components;
    private readonly Func<AppSidecar, Task> _shutdown;
    private readonly StateApi _state;
    private readonly PublishApi _publish;
    private readonly SecretsApi _secrets;
    private readonly InvokeApi _invoke;
    private readonly AppSubscriptions? _subscriptions;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _extended = new(StringComparer.Ordinal) { ["daprRuntimeVersion"] = RuntimeVersion };
    private WebApplication? _server;

    public AppSidecar(AppSpec spec, DevSidecarOptions options, SharedComponents components, SidecarRegistry registry, Func<AppSidecar, Task> shutdown, Action<string> note)
    {
        Id = spec.Id;
        HttpPort = spec.HttpPort;
        _options = options;
        _components = components;
        _shutdown = shutdown;
        if (spec.AppPort is { } port) App = new AppChannel(port, spec.AppApiToken ?? options.AppApiToken);
        _state = new StateApi(Id, components);
        _publish = new PublishApi(Id, components, options.Time);
        _secrets = new SecretsApi(Id, components);
        _invoke = new InvokeApi(this, registry, options.TimeScale);
        if (App is not null) _subscriptions = new AppSubscriptions(Id, App, components, options, note);
    }

    public string Id { get; }

    /// <summary>The port that it listens on; known after <see cref="StartAsync"/> where 0 was asked for.</summary>
    public int HttpPort { get; private set; }

    /// <summary>The way to the app; null for an app without a port.</summary>
    public AppChannel? App { get; }

    /// <summary>Completes when the app has been asked for its subscriptions; at once without an app port.</summary>
    public Task Ready => _subscriptions?.Ready ?? Task.CompletedTask;

    /// <summary>Throws <see cref="ResourceException"/> if the port is taken.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, HttpPort);
            kestrel.AddServerHeader = false;
            // The handlers have limits of their own and say so in the sidecar's words.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        var server = builder.Build();
        server.Run(HandleAsync);
        try
        {
            await server.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new ResourceException($"Port {HttpPort} for the sidecar of '{Id}' cannot be opened on 127.0.0.1: {e.Message} Stop what listens there, or give the app another port (--app {Id}=PORT).");
        }
        _server = server;
        HttpPort = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        _subscriptions?.Start();
    }

    public async ValueTask DisposeAsync()
    {
        _subscriptions?.Dispose();
        if (_server is { } server)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
            await server.StopAsync(patience.Token).ConfigureAwait(false);
            await server.DisposeAsync().ConfigureAwait(false);
        }
        App?.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        try
        {
            await DispatchAsync(context).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            // The caller is gone; there is nobody to answer.
            context.Abort();
        }
    }

    private Task DispatchAsync(HttpContext context)
    {
        string method = context.Request.Method;
        var (path, query) = Target(context);
        bool isHealth = HttpMethods.IsGet(method) && path is "/v1.0/healthz" or "/v1.0/healthz/outbound";
        if (!isHealth && !HasToken(context))
        {
            context.Response.StatusCode = 401;
            context.Response.ContentType = "text/plain; charset=utf-8";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return context.Response.WriteAsync("invalid api token\n", context.RequestAborted);
        }

        // Split before decoding: an encoded slash belongs to its segment, and a plain one more is another path.
        string[] raw = path.Split('/');
        string[] part = raw.Select(Uri.UnescapeDataString).ToArray();
        bool isWrite = HttpMethods.IsPost(method) || HttpMethods.IsPut(method);
        if (raw.Length > 3 && raw[1] == "v1.0")
        {
            switch (part[2])
            {
                case "invoke" when raw.Length > 5 && raw[4] == "method" && part[3].Length > 0:
                    return _invoke.InvokeAsync(context, part[3], string.Join('/', raw[5..]), query);
                case "state" when raw.Length == 4 && part[3].Length > 0 && isWrite: return _state.SaveAsync(context, part[3]);
                case "state" when raw.Length == 5 && part[4] == "bulk" && isWrite: return _state.BulkAsync(context, part[3]);
                case "state" when raw.Length == 5 && part[4] == "transaction" && isWrite: return _state.TransactAsync(context, part[3]);
                case "state" when raw.Length == 5 && part[4].Length > 0 && HttpMethods.IsGet(method): return _state.GetAsync(context, part[3], part[4]);
                case "state" when raw.Length == 5 && part[4].Length > 0 && HttpMethods.IsDelete(method): return _state.DeleteAsync(context, part[3], part[4]);
                case "publish" when raw.Length == 6 && part[3] == "bulk" && isWrite: return _publish.BulkAsync(context, part[4], part[5]);
                case "publish" when raw.Length == 5 && part[4].Length > 0 && isWrite: return _publish.PublishAsync(context, part[3], part[4]);
                case "secrets" when raw.Length == 5 && part[4] == "bulk" && HttpMethods.IsGet(method): return _secrets.BulkAsync(context, part[3]);
                case "secrets" when raw.Length == 5 && part[4].Length > 0 && HttpMethods.IsGet(method): return _secrets.GetAsync(context, part[3], part[4]);
                case "healthz" when raw.Length == 4 && raw[3] == "outbound" && HttpMethods.IsGet(method): return Responses.Empty(context);
                case "metadata" when raw.Length == 4 && part[3].Length > 0 && HttpMethods.IsPut(method): return SetMetadataAsync(context, part[3]);
            }
        }
        switch (path)
        {
            case "/v1.0/healthz" when HttpMethods.IsGet(method): return HealthAsync(context);
            case "/v1.0/metadata" when HttpMethods.IsGet(method): return Responses.Json(context, 200, Metadata());
            case "/v1.0/shutdown" when HttpMethods.IsPost(method): return ShutdownAsync(context);
        }
        if (raw is ["", "v1.0-alpha1", "state", _, "query"] && isWrite) return _state.QueryAsync(context, part[3]);
        if (raw is ["", "v1.0-alpha1", "publish", "bulk", _, _] && isWrite) return _publish.BulkAsync(context, part[4], part[5]);

        // Any other path is an invocation if a header says of whom.
        return context.Request.Headers["dapr-app-id"].FirstOrDefault() is { Length: > 0 } appId
            ? _invoke.InvokeAsync(context, appId, path, query)
            : Responses.NotServed(context);
    }

    private static (string Path, string Query) Target(HttpContext context)
    {
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (!target.StartsWith('/')) target = context.Request.Path.Value + context.Request.QueryString.Value;
        int mark = target.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? (target, "") : (target[..mark], target[mark..]);
    }

    private bool HasToken(HttpContext context)
        => _options.ApiToken is not { } token
        || CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers[AppChannel.TokenHeader].FirstOrDefault() ?? ""), Encoding.UTF8.GetBytes(token));

    private Task HealthAsync(HttpContext context)
    {
        if (context.Request.Query["appid"].FirstOrDefault() is { Length: > 0 } asked && asked != Id) return Responses.Error(context, 500, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match");
        return Ready.IsCompletedSuccessfully ? Responses.Empty(context) : Responses.Error(context, 500, "ERR_HEALTH_NOT_READY", "dapr is not ready: [runtime]");
    }

    private async Task SetMetadataAsync(HttpContext context, string name)
    {
        var body = await Responses.ReadBodyAsync(context).ConfigureAwait(false);
        bool isKept = false;
        if (body is { Length: <= 10_000 } value)
        {
            lock (_gate)
            {
                isKept = _extended.ContainsKey(name) || _extended.Count < MaximumExtendedValues;
                if (isKept) _extended[name] = Encoding.UTF8.GetString(value.Span);
            }
        }
        await (isKept ? Responses.Empty(context) : Responses.Error(context, 500, "ERR_BODY_READ", $"the development sidecar keeps at most {MaximumExtendedValues} values of 10,000 bytes")).ConfigureAwait(false);
    }

    private async Task ShutdownAsync(HttpContext context)
    {
        await Responses.Empty(context).ConfigureAwait(false);
        await context.Response.CompleteAsync().ConfigureAwait(false);
        _ = Task.Run(() => _shutdown(this), CancellationToken.None);
    }

    private ReadOnlyMemory<byte> Metadata()
    {
        var body = new ArrayBufferWriter<byte>(2048);
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartObject();
        writer.WriteString("id"u8, Id);
        writer.WriteString("runtimeVersion"u8, RuntimeVersion);
        writer.WriteStartArray("enabledFeatures"u8);
        writer.WriteStringValue("HotReload"u8);
        writer.WriteStringValue("WorkflowsRemoteActivityReminder"u8);
        writer.WriteEndArray();
        writer.WriteStartArray("components"u8);
        foreach (var component in _components.For(Id))
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, component.Name);
            writer.WriteString("type"u8, component.Type);
            writer.WriteString("version"u8, component.Version);
            var capabilities = _components.TryGetState(component.Name, Id, out var store, out _, out _) ? store.Capabilities
                : component.Type == "pubsub.in-memory" ? ["SUBSCRIBE_WILDCARDS"]
                : [];
            if (capabilities.Count > 0)
            {
                writer.WriteStartArray("capabilities"u8);
                foreach (string capability in capabilities) writer.WriteStringValue(capability);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartObject("extended"u8);
        lock (_gate)
        {
            foreach (var (name, value) in _extended) writer.WriteString(name, value);
        }
        writer.WriteEndObject();
        if (_subscriptions?.Active is { Count: > 0 } subscriptions)
        {
            writer.WriteStartArray("subscriptions"u8);
            foreach (var subscription in subscriptions)
            {
                writer.WriteStartObject();
                writer.WriteString("pubsubname"u8, subscription.PubSub);
                writer.WriteString("topic"u8, subscription.Topic);
                writer.WriteStartArray("rules"u8);
                foreach (var rule in subscription.Rules)
                {
                    writer.WriteStartObject();
                    if (rule.MatchText is { } match) writer.WriteString("match"u8, match);
                    writer.WriteString("path"u8, rule.Path);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                if (subscription.DeadLetterTopic is { } deadLetter) writer.WriteString("deadLetterTopic"u8, deadLetter);
                writer.WriteString("type"u8, subscription.Kind == SubscriptionKind.Programmatic ? "PROGRAMMATIC" : "DECLARATIVE");
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        if (App is { } app)
        {
            writer.WriteStartObject("appConnectionProperties"u8);
            writer.WriteNumber("port"u8, app.Port);
            writer.WriteString("protocol"u8, "http"u8);
            writer.WriteString("channelAddress"u8, "127.0.0.1"u8);
            writer.WriteEndObject();
        }
        writer.WriteStartObject("actorRuntime"u8);
        writer.WriteString("runtimeStatus"u8, "DISABLED"u8);
        writer.WriteBoolean("hostReady"u8, false);
        writer.WriteString("placement"u8, "placement: disconnected"u8);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        return body.WrittenMemory;
    }
}
