using System.Globalization;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Running;

/// <summary>
/// The arguments of the real sidecar for one app id. <c>./voice up</c> uses them for all apps, <c>./voice sidecar</c> for one more.
/// </summary>
internal static class DaprdArguments
{
    /// <param name="components">The folder of the resources. If it has a file config/config.yaml, that is the configuration.</param>
    public static IReadOnlyList<string> For(AppArgument app, string components)
    {
        List<string> arguments =
        [
            "--app-id", app.Id,
            "--dapr-http-port", Text(app.Sidecar.Http),
            "--dapr-grpc-port", Text(app.Sidecar.Grpc),
            "--dapr-internal-grpc-port", Text(app.Sidecar.InternalGrpc),
            "--metrics-port", Text(app.Sidecar.Metrics),
            "--resources-path", components,
            "--dapr-listen-addresses", "127.0.0.1",
            "--log-level", "warn",
        ];
        string configuration = Path.Combine(components, "config", "config.yaml");
        if (File.Exists(configuration)) arguments.AddRange(["--config", configuration]);
        if (app.AppPort is { } port) arguments.AddRange(["--app-port", Text(port), "--app-protocol", "http"]);
        if (app.MaximumConcurrency is { } most) arguments.AddRange(["--app-max-concurrency", Text(most)]);
        return arguments;
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
