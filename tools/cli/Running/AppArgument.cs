using Dapr.Voice.Cli.Machine;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Running;

/// <summary>A sidecar for a service of the user: <c>ID=SIDECAR_PORT[,APP_PORT]</c>.</summary>
/// <param name="Sidecar">The ports of the sidecar. The user names the HTTP port, and the others follow from it.</param>
/// <param name="AppPort">The port on which the service listens. Null for a service that only calls.</param>
internal sealed record AppArgument(string Id, SidecarPorts Sidecar, int? AppPort)
{
    /// <exception cref="CommandFailedException">The text has another form, or the sidecar port is outside its band.</exception>
    public static AppArgument Parse(string text)
    {
        string[] halves = text.Split('=', 2);
        string[] ports = halves.Length == 2 ? halves[1].Split(',') : [];
        if (halves[0].Length == 0 || ports.Length is not (1 or 2) || !ushort.TryParse(ports[0], out ushort http)
            || (ports.Length == 2 && !ushort.TryParse(ports[1], out _)))
            throw new CommandFailedException($"'{text}' is not ID=SIDECAR_PORT[,APP_PORT]", "for example: --app billing=3700,8080");
        return new AppArgument(halves[0], InBand(http, $"--app {text}"), ports.Length == 2 ? ushort.Parse(ports[1]) : null);
    }

    /// <summary>The ports of a sidecar whose HTTP port the user has chosen with <paramref name="option"/>.</summary>
    /// <exception cref="CommandFailedException">The port is outside its band.</exception>
    public static SidecarPorts InBand(int http, string option)
    {
        var ports = new SidecarPorts(http);
        PortBand band = LocalPorts.SidecarHttp;
        return ports.IsInBand
            ? ports
            : throw new CommandFailedException($"{option}: the port of a sidecar must be between {band.First} and {band.Last}",
            "its other ports follow from it, and would collide with those of another app");
    }

    /// <summary>The app as an argument of the development sidecar.</summary>
    public override string ToString() => $"{Id}={Sidecar.Http}:{Sidecar.Grpc}{(AppPort is { } port ? $",{port}" : "")}";
}
