using System.Globalization;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar;

/// <summary>The options of the process.</summary>
public sealed record DevSidecarOptions
{
    public const string Usage = """
        Dapr.Voice.DevSidecar: Dapr's API over HTTP and gRPC, for a laptop and for tests. It behaves as the stores in the YAML files do.

          --resources-path DIR     a folder with components, subscriptions and resiliency (repeatable)
          --config FILE            the Configuration resource; most of it is only for the real sidecar
          --app ID=HTTP[:GRPC][,APP]
                                   an app id with the ports of its sidecar (gRPC: HTTP + 1000 by default), and the port of the
                                   app if it listens (repeatable)
          --app-max-concurrency ID=N
                                   how many calls and events this app gets at a time (repeatable; default: no limit)
          --control-port N         the port for POST /apps {id, httpPort, grpcPort?, appPort?, appApiToken?, appMaxConcurrency?},
                                   GET /apps and DELETE /apps/{id}; 0 chooses a free port
          --time-scale X           a factor for all waits in outages and retries (default: 1)
          --away NAME              the server of this component is away at the start (repeatable)

        Environment: DAPR_API_TOKEN is the token that apps have to send, APP_API_TOKEN the token that apps receive. APP_API_TOKENS gives
        each app a token of its own: ID=TOKEN,ID=TOKEN.
        """;

    public IReadOnlyList<string> ResourcesPaths { get; init; } = [];

    public string? ConfigurationFile { get; init; }

    public IReadOnlyList<AppSpec> Apps { get; init; } = [];

    /// <summary>Null for no control endpoint.</summary>
    public int? ControlPort { get; init; }

    /// <summary>The token that apps have to send in <c>dapr-api-token</c>. Null for none.</summary>
    public string? ApiToken { get; init; }

    /// <summary>The token that apps receive in <c>dapr-api-token</c>, unless their <see cref="AppSpec"/> has another one.</summary>
    public string? AppApiToken { get; init; }

    /// <summary>A factor for every wait that imitates the real sidecar.</summary>
    public double TimeScale { get; init; } = 1;

    /// <summary>
    /// Components whose server is away at the start. The sidecar does not start if one of them has no <c>ignoreErrors</c>.
    /// </summary>
    public IReadOnlyList<string> Away { get; init; } = [];

    /// <summary>The clock of TTLs and expirations.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public static DevSidecarOptions Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var resources = new List<string>();
        var apps = new List<AppSpec>();
        var away = new List<string>();
        var concurrency = new Dictionary<string, int>(StringComparer.Ordinal);
        string? configuration = null;
        int? control = null;
        double scale = 1;
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            string? joined = null;
            int equals = name.IndexOf('=', StringComparison.Ordinal);
            if (name.StartsWith("--", StringComparison.Ordinal) && equals > 0) (name, joined) = (name[..equals], name[(equals + 1)..]);
            string Next()
                => joined ?? (i + 1 < arguments.Count ? arguments[++i] : throw new ResourceException($"{name} needs a value.\n{Usage}"));
            switch (name)
            {
                case "--resources-path": resources.Add(Next()); break;
                case "--config": configuration = Next(); break;
                case "--app": apps.Add(AppSpec.Parse(Next())); break;
                case "--away": away.Add(Next()); break;
                case "--app-max-concurrency":
                    string limit = Next();
                    string[] halves = limit.Split('=');
                    concurrency[halves[0]] = halves.Length == 2 && int.TryParse(halves[1], CultureInfo.InvariantCulture, out int most)
                        ? most : throw new ResourceException($"--app-max-concurrency {limit}: write ID=N, for example mine=1.");
                    break;
                case "--control-port":
                    string port = Next();
                    control = int.TryParse(port, CultureInfo.InvariantCulture, out int number) && number is >= 0 and <= ushort.MaxValue
                        ? number : throw new ResourceException($"--control-port {port}: write a port from 0 to 65535.");
                    break;
                case "--time-scale":
                    string factor = Next();
                    scale = double.TryParse(factor, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                        && value is > 0 and <= 100 ? value : throw new ResourceException(
                        $"--time-scale {factor}: write a number above 0, for example 0.1.");
                    break;
                default: throw new ResourceException($"'{name}' is not known.\n{Usage}");
            }
        }
        if (apps.Count == 0 && control is null)
            throw new ResourceException($"Name at least one --app, or a --control-port through which apps join.\n{Usage}");
        Dictionary<string, string> tokens = Tokens(environment("APP_API_TOKENS"));
        if (concurrency.Keys.FirstOrDefault(id => apps.All(a => a.Id != id)) is { } unknown)
            throw new ResourceException($"--app-max-concurrency names '{unknown}', and there is no --app of that id.");
        return new DevSidecarOptions
        {
            ResourcesPaths = resources,
            ConfigurationFile = configuration,
            Apps = [.. apps.Select(a => a with {
                AppApiToken = tokens.GetValueOrDefault(a.Id),
                MaximumConcurrency = concurrency.TryGetValue(a.Id, out int own) ? own : null })],
            ControlPort = control,
            ApiToken = EmptyAsNull(environment("DAPR_API_TOKEN")),
            AppApiToken = EmptyAsNull(environment("APP_API_TOKEN")),
            TimeScale = scale,
            Away = away,
        };
    }

    private static Dictionary<string, string> Tokens(string? text)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string entry in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = entry.IndexOf('=', StringComparison.Ordinal);
            // The message does not repeat the text, because it has a secret.
            if (equals < 1) throw new ResourceException("APP_API_TOKENS: write ID=TOKEN,ID=TOKEN.");
            tokens[entry[..equals]] = entry[(equals + 1)..];
        }
        return tokens;
    }

    private static string? EmptyAsNull(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
