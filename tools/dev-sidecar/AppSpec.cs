using Dapr.Voice.Contracts;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar;

/// <summary>An app id that the process serves.</summary>
/// <param name="HttpPort">The port of the sidecar's HTTP API on 127.0.0.1. 0 chooses a free one.</param>
/// <param name="AppPort">The port of the app on 127.0.0.1. Null for an app that is only a client.</param>
/// <param name="AppApiToken">The token that the sidecar sends to the app. Null for the token of the environment.</param>
public sealed record AppSpec(string Id, int HttpPort, int? AppPort = null, string? AppApiToken = null)
{
    /// <summary>
    /// The port of the sidecar's gRPC API on 127.0.0.1. 0 chooses a free one. By default it follows from the HTTP port (<see
    /// cref="SidecarPorts"/>).
    /// </summary>
    public int GrpcPort { get; init; } = HttpPort == 0 ? 0 : new SidecarPorts(HttpPort).Grpc;

    /// <summary>How many calls and events the app gets at a time. Null for no limit.</summary>
    public int? MaximumConcurrency { get; init; }

    /// <summary>Reads <c>ID=HTTP_PORT[:GRPC_PORT][,APP_PORT]</c>.</summary>
    public static AppSpec Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string[] ports = equals > 0 ? text[(equals + 1)..].Split(',') : [];
        if (ports.Length is < 1 or > 2) throw Error(text);
        string[] own = ports[0].Split(':');
        if (own.Length > 2 || !TryPort(own[0], out int http)) throw Error(text);
        int? app = null;
        if (ports.Length == 2)
        {
            if (!TryPort(ports[1], out int port) || port == 0) throw Error(text);
            app = port;
        }
        var spec = new AppSpec(text[..equals].Trim(), http, app);
        if (own.Length == 2) spec = TryPort(own[1], out int grpc) ? spec with { GrpcPort = grpc } : throw Error(text);
        spec.Validate();
        return spec;
    }

    internal void Validate()
    {
        if (Id.Length is 0 or > 64 || !Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new ResourceException($"'{Id}' is no app id. Use up to 64 letters, digits, '-', '_' and '.'.");
        if (HttpPort is < 0 or > ushort.MaxValue || GrpcPort is < 0 or > ushort.MaxValue || AppPort is <= 0 or > ushort.MaxValue)
            throw new ResourceException($"App '{Id}' has a port that does not exist: HTTP {HttpPort}, gRPC {GrpcPort}, app {AppPort}.");
        if (HttpPort != 0 && (HttpPort == GrpcPort || HttpPort == AppPort) || GrpcPort != 0 && GrpcPort == AppPort)
            throw new ResourceException($"App '{Id}' names one port twice: HTTP {HttpPort}, gRPC {GrpcPort}, app {AppPort}.");
        if (MaximumConcurrency is < 1 or > 10_000)
            throw new ResourceException($"App '{Id}' may have 1 to 10000 calls at a time, not {MaximumConcurrency}.");
    }

    private static bool TryPort(string text, out int port) => int.TryParse(text, out port) && port is >= 0 and <= ushort.MaxValue;

    private static ResourceException Error(string text)
        => new($"--app {text}: write ID=HTTP_PORT[:GRPC_PORT][,APP_PORT], for example --app mine=3700,8080. "
            + $"Without GRPC_PORT the gRPC port is HTTP_PORT + {SidecarPorts.GrpcOffset}.");
}
