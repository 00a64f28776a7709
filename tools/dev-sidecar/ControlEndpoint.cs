using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.DevSidecar.Apps;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Microsoft.AspNetCore.Http.Features;
using HttpProtocols = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols;

namespace Dapr.Voice.DevSidecar;

/// <summary>The body of <c>POST /apps</c>: an app that joins.</summary>
internal sealed record AppRequest(
    string? Id, int HttpPort, int? GrpcPort, int? AppPort, string? AppApiToken, int? AppMaxConcurrency);

/// <summary>An element of the answer to <c>GET /apps</c>.</summary>
internal sealed record AppAnswer(string Id, int HttpPort, int GrpcPort, int? AppPort);

internal sealed record OutageRequest(string? State);

internal sealed record ErrorAnswer(string Error);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AppRequest))]
[JsonSerializable(typeof(List<AppAnswer>))]
[JsonSerializable(typeof(OutageRequest))]
[JsonSerializable(typeof(ErrorAnswer))]
[JsonSerializable(typeof(IReadOnlyList<RecordedCall>))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class ControlJson : JsonSerializerContext
{
    /// <summary>Writes apostrophes as they are. The default escapes them for HTML.</summary>
    public static ControlJson Readable { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web) {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>
/// The control port, through which apps join a running process: <c>GET /apps</c>, <c>POST /apps</c> and <c>DELETE /apps/{id}</c>. With
/// <c>?killed=true</c> the name of a removed app stays known for a while. <c>PUT /components/{name}/outage</c> with
/// <c>{"state":"killed|frozen|up"}</c> starts and ends an outage. <c>GET /calls?after=N</c> lists what apps asked of components, and
/// <c>GET /components/{name}/values?prefix=P</c> what a store has. It listens on loopback, and web pages are refused (<see
/// cref="LoopbackServer"/>).
/// </summary>
internal sealed class ControlEndpoint : IAsyncDisposable
{
    private const int MaximumBodyBytes = 64 * 1024;

    private readonly DevSidecarHost _host;
    private readonly string? _token;
    private LoopbackServer? _server;

    private ControlEndpoint(DevSidecarHost host, string? token)
    {
        _host = host;
        _token = token;
    }

    public int Port => _server!.Port;

    /// <param name="token">The token that every request must have in <c>dapr-api-token</c>. Null for none.</param>
    public static async Task<ControlEndpoint> StartAsync(DevSidecarHost host, int port, string? token, CancellationToken cancellation)
    {
        var endpoint = new ControlEndpoint(host, token);
        endpoint._server = await LoopbackServer.StartAsync(
            "the control endpoint", port, HttpProtocols.Http1, "Name another with --control-port.", _ => { },
            server => server.Run(endpoint.HandleAsync), cancellation).ConfigureAwait(false);
        return endpoint;
    }

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        if (!LoopbackServer.HasToken(_token, context))
        {
            await ErrorAsync(context, 401, "Send the sidecar's DAPR_API_TOKEN in the header dapr-api-token.").ConfigureAwait(false);
            return;
        }
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = MaximumBodyBytes;
        string[] part = (context.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        try
        {
            switch (context.Request.Method, part)
            {
                case ("GET", ["apps"]): await AppsAsync(context, 200).ConfigureAwait(false); break;
                case ("POST", ["apps"]): await AddAsync(context).ConfigureAwait(false); break;
                case ("DELETE", ["apps", var id]):
                    bool wasThere = await _host.RemoveAppAsync(id, context.Request.Query["killed"] == "true").ConfigureAwait(false);
                    if (wasThere) context.Response.StatusCode = 204;
                    else await ErrorAsync(context, 404, $"There is no app '{id}'.").ConfigureAwait(false);
                    break;
                case ("PUT", ["components", var name, "outage"]): await OutageAsync(context, name).ConfigureAwait(false); break;
                case ("GET", ["calls"]):
                    _ = long.TryParse(context.Request.Query["after"], CultureInfo.InvariantCulture, out long after);
                    await context.Response.WriteAsJsonAsync(_host.CallsAfter(after), ControlJson.Readable.IReadOnlyListRecordedCall,
                        cancellationToken: context.RequestAborted).ConfigureAwait(false);
                    break;
                case ("GET", ["components", var name, "values"]): await ValuesAsync(context, name).ConfigureAwait(false); break;
                default: await ErrorAsync(context, 404, "GET /apps, POST /apps, DELETE /apps/{id}, PUT /components/{name}/outage, "
                    + "GET /components/{name}/values?prefix=, GET /calls?after=.")
                    .ConfigureAwait(false); break;
            }
        }
        catch (ResourceException e)
        {
            await ErrorAsync(context, 409, e.Message).ConfigureAwait(false);
        }
        catch (Exception e) when (e is JsonException or BadHttpRequestException or InvalidOperationException)
        {
            await ErrorAsync(context, 400, $"The body cannot be read: {e.Message}").ConfigureAwait(false);
        }
    }

    private async Task AddAsync(HttpContext context)
    {
        AppRequest? wanted = await context.Request.ReadFromJsonAsync(ControlJson.Default.AppRequest, context.RequestAborted)
            .ConfigureAwait(false);
        if (wanted?.Id is not { Length: > 0 } id)
        {
            await ErrorAsync(context, 400, "Send {\"id\": …, \"httpPort\": …, \"appPort\": …}.").ConfigureAwait(false);
            return;
        }
        var spec = new AppSpec(id, wanted.HttpPort, wanted.AppPort, wanted.AppApiToken) { MaximumConcurrency = wanted.AppMaxConcurrency };
        if (wanted.GrpcPort is { } grpcPort) spec = spec with { GrpcPort = grpcPort };
        await _host.AddAppAsync(spec, context.RequestAborted).ConfigureAwait(false);
        await AppsAsync(context, 201).ConfigureAwait(false);
    }

    private async Task OutageAsync(HttpContext context, string name)
    {
        OutageRequest? wanted = await context.Request.ReadFromJsonAsync(ControlJson.Default.OutageRequest, context.RequestAborted)
            .ConfigureAwait(false);
        if (!Enum.TryParse<OutageState>(wanted?.State, ignoreCase: true, out OutageState state))
        {
            await ErrorAsync(context, 400, "Send {\"state\": \"killed\"}, \"frozen\" or \"up\".").ConfigureAwait(false);
            return;
        }
        if (_host.SetOutage(name, state)) context.Response.StatusCode = 204;
        else await ErrorAsync(context, 404, $"There is no component '{name}'.").ConfigureAwait(false);
    }

    private async Task ValuesAsync(HttpContext context, string name)
    {
        if (_host.Values(name, context.Request.Query["prefix"].ToString()) is not { } values)
        {
            await ErrorAsync(context, 404, $"There is no state store '{name}'.").ConfigureAwait(false);
            return;
        }
        var answer = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach ((string key, ReadOnlyMemory<byte> value) in values)
        {
            try
            {
                answer[key] = JsonElement.Parse(value.Span);
            }
            catch (JsonException)
            {
                // The value is no JSON, as a sealed one. It says nothing to a reader and is left out.
            }
        }
        await context.Response.WriteAsJsonAsync(answer, ControlJson.Readable.DictionaryStringJsonElement,
            cancellationToken: context.RequestAborted).ConfigureAwait(false);
    }

    private Task AppsAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(_host.Apps.Select(a => new AppAnswer(a.Id, a.HttpPort, a.GrpcPort, a.AppPort)).ToList(),
            ControlJson.Default.ListAppAnswer, cancellationToken: context.RequestAborted);
    }

    private static Task ErrorAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new ErrorAnswer(message), ControlJson.Readable.ErrorAnswer, cancellationToken: context.RequestAborted);
    }
}
