using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Running;

/// <summary>A sidecar for a service of the user: <c>ID=SIDECAR_PORT[,APP_PORT]</c>.</summary>
/// <param name="Sidecar">The ports of the sidecar. The user names the HTTP port, and the others follow from it.</param>
/// <param name="AppPort">The port on which the service listens. Null for a service that only calls.</param>
internal sealed record AppArgument(string Id, SidecarPorts Sidecar, int? AppPort)
{
    /// <summary>What <c>--help</c> says about the option.</summary>
    public const string Description = "ID=SIDECAR_PORT[,APP_PORT]: your service calls SIDECAR_PORT (HTTP, 3500 to 3999) or "
        + "SIDECAR_PORT + 1000 (gRPC), and listens with HTTP on APP_PORT. It gets one call or event at a time (daprd's "
        + "app-max-concurrency 1), because the sidecar can otherwise take the outcome of one for that of another";

    /// <summary>
    /// How many calls and events the sidecar has in its app at a time. Null for no limit, which is for our own services. Without a limit, a
    /// sidecar whose HTTP app is away can acknowledge an event that nobody handled (docs/dapr.md).
    /// </summary>
    public int? MaximumConcurrency { get; init; }

    /// <summary>Reads <c>ID=SIDECAR_PORT[,APP_PORT]</c>.</summary>
    /// <exception cref="CommandFailedException">The text has another form, or the sidecar port is outside its band.</exception>
    public static AppArgument Parse(string text)
    {
        const string Example = "for example: --app billing=3700,9000";
        string[] halves = text.Split('=', 2);
        string[] ports = halves.Length == 2 ? halves[1].Split(',') : [];
        if (halves[0].Length == 0 || ports.Length is not (1 or 2) || !ushort.TryParse(ports[0], out ushort http))
            throw new CommandFailedException($"'{text}' is not ID=SIDECAR_PORT[,APP_PORT]", Example);
        // The id stands in URLs, in names of files and in arguments of the sidecar.
        if (halves[0].Length > 64 || !halves[0].All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new CommandFailedException($"'{halves[0]}' is no app id: use up to 64 letters, digits, '-', '_' and '.'", Example);
        SidecarPorts sidecar = InBand(http, $"--app {text}");
        if (ports.Length == 1) return new AppArgument(halves[0], sidecar, AppPort: null);
        if (!ushort.TryParse(ports[1], out ushort app) || app == 0)
            throw new CommandFailedException($"'{text}' is not ID=SIDECAR_PORT[,APP_PORT]", Example);
        if (LocalPorts.SidecarHttp.Contains(app) || LocalPorts.SidecarGrpc.Contains(app))
            throw new CommandFailedException($"--app {text}: {app} is for a sidecar (3500 to 3999, 4500 to 4999), not for your service",
                "give another APP_PORT, or none if your service only calls");
        return new AppArgument(halves[0], sidecar, app) { MaximumConcurrency = 1 };
    }

    /// <summary>The ports of a sidecar whose HTTP port the user has chosen with <paramref name="option"/>.</summary>
    /// <exception cref="CommandFailedException">The port is outside its band.</exception>
    public static SidecarPorts InBand(int http, string option)
    {
        var ports = new SidecarPorts(http);
        PortBand band = LocalPorts.SidecarHttp;
        if (ports.IsInBand) return ports;
        // The two mistakes that people make: the port of their own service, and the gRPC port, which an SDK asks for.
        string fix = LocalPorts.SidecarGrpc.Contains(http)
            ? $"name the HTTP port, {http - SidecarPorts.GrpcOffset}. The gRPC port {http} then belongs to it"
            : $"if your service listens on {http}, write it second: =3700,{http}. The other ports of a sidecar follow from the first one";
        throw new CommandFailedException($"{option}: the HTTP port of a sidecar is between {band.First} and {band.Last}, and {http} is "
            + (LocalPorts.SidecarGrpc.Contains(http) ? "the gRPC port of one" : "not"), fix);
    }

    /// <summary>The app as arguments of the development sidecar.</summary>
    public IEnumerable<string> ForDevelopmentSidecar()
    {
        string[] app = ["--app", $"{Id}={Sidecar.Http}:{Sidecar.Grpc}{(AppPort is { } port ? $",{port}" : "")}"];
        return MaximumConcurrency is { } most ? [.. app, "--app-max-concurrency", $"{Id}={most}"] : app;
    }
}
