namespace Dapr.Voice.Sidecar;

/// <summary>
/// The addresses of the sidecar and the deadlines of calls to it. Defaults come from the variables that <c>daprd</c> and Container Apps
/// set.
/// </summary>
public sealed record SidecarOptions
{
    /// <summary>The port of the sidecar's HTTP API if <c>DAPR_HTTP_PORT</c> is not set.</summary>
    public const int DefaultHttpPort = 3500;

    /// <summary>The port of the sidecar's gRPC API if <c>DAPR_GRPC_PORT</c> is not set.</summary>
    public const int DefaultGrpcPort = 50001;

    /// <summary>
    /// The largest value or event that is sent, in bytes. The sidecar accepts requests of 4 MiB. The difference is for the key, the ETag
    /// and the names.
    /// </summary>
    public const int MaximumRequestBytes = 4 * 1024 * 1024 - 4096;

    /// <summary>
    /// Base address of the sidecar's HTTP API without a path. <c>DAPR_HTTP_ENDPOINT</c> has priority over <c>DAPR_HTTP_PORT</c>.
    /// </summary>
    public Uri HttpEndpoint { get; set; } = HttpEndpointFrom(Environment.GetEnvironmentVariable);

    /// <summary>
    /// Base address of the sidecar's gRPC API without a path. <c>DAPR_GRPC_ENDPOINT</c> has priority over <c>DAPR_GRPC_PORT</c>.
    /// </summary>
    public Uri GrpcEndpoint { get; set; } = GrpcEndpointFrom(Environment.GetEnvironmentVariable);

    /// <summary>The token that the sidecar expects from us in <c>dapr-api-token</c>. Null if it expects none.</summary>
    public string? ApiToken { get; set; } = EmptyAsNull(Environment.GetEnvironmentVariable("DAPR_API_TOKEN"));

    /// <summary>The token that the sidecar sends in <c>dapr-api-token</c> when it calls us. Null if it sends none.</summary>
    public string? AppApiToken { get; set; } = EmptyAsNull(Environment.GetEnvironmentVariable("APP_API_TOKEN"));

    /// <summary>
    /// What is added to the names of state and secret components, from <c>VOICE_COMPONENT_SUFFIX</c>. A component has one identity. So
    /// where each kind of app has its own identity, each has its own components: <c>sessions-relay</c> with the suffix <c>-relay</c>. Empty
    /// if all apps share the components.
    /// </summary>
    public string ComponentSuffix { get; set; } = Environment.GetEnvironmentVariable("VOICE_COMPONENT_SUFFIX") ?? "";

    /// <summary>
    /// Deadline of one state operation, including reads that check a write. If a store hangs, the sidecar waits 10 s; if it is down, 3 s
    /// (docs/dapr.md, point 15). So we need our own deadline.
    /// </summary>
    public TimeSpan StateTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Deadline of one publish call.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Deadline of reading one secret.</summary>
    public TimeSpan SecretTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Deadline of one invocation, including the whole answer.</summary>
    public TimeSpan InvokeTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How often <see cref="ISidecarHealth.WaitForOutboundHealthAsync"/> checks.</summary>
    public TimeSpan HealthPollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// The longest answer that is read, in bytes. A longer one counts as <c>Unavailable</c>. A bulk read of 50 checkpoints is far below the
    /// limit.
    /// </summary>
    public int MaximumAnswerBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Returns the name of the component that this app has for a state or secret store.</summary>
    internal string NameOf(string component) => component + ComponentSuffix;

    /// <summary>Throws if a value is invalid.</summary>
    public void Validate()
    {
        Check(HttpEndpoint, "HTTP");
        Check(GrpcEndpoint, "GRPC");
        // Dapr's client checks the sidecar's health through the proxy of the environment, and a proxy can't reach our loopback.
        if (HttpEndpoint.IsLoopback && !HttpClient.DefaultProxy.IsBypassed(HttpEndpoint))
            throw new InvalidOperationException(
                $"HTTP_PROXY also applies to the sidecar at {HttpEndpoint}. Add {HttpEndpoint.Host} to NO_PROXY.");
        (string Name, TimeSpan Value)[] times =
        [
            (nameof(StateTimeout), StateTimeout), (nameof(PublishTimeout), PublishTimeout), (nameof(SecretTimeout), SecretTimeout),
            (nameof(InvokeTimeout), InvokeTimeout), (nameof(HealthPollInterval), HealthPollInterval),
        ];
        foreach ((string name, TimeSpan value) in times)
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromMinutes(10))
                throw new InvalidOperationException($"Sidecar {name} must be above zero and at most ten minutes, not {value}.");
        }
        if (ComponentSuffix.Length > 0 && (ComponentSuffix[0] != '-' || ComponentSuffix.AsSpan().ContainsAnyExcept(SidecarNames.Portable)))
            throw new InvalidOperationException(
                $"VOICE_COMPONENT_SUFFIX should begin with a hyphen and have letters and digits, such as -relay, not '{ComponentSuffix}'.");
        if (MaximumAnswerBytes < 64 * 1024)
            throw new InvalidOperationException($"Sidecar {nameof(MaximumAnswerBytes)} must be at least 64 KiB.");
    }

    /// <summary>Returns the HTTP endpoint of the environment.</summary>
    internal static Uri HttpEndpointFrom(Func<string, string?> variable)
        => Endpoint(variable("DAPR_HTTP_ENDPOINT"), variable("DAPR_HTTP_PORT"), DefaultHttpPort);

    /// <summary>Returns the gRPC endpoint of the environment.</summary>
    internal static Uri GrpcEndpointFrom(Func<string, string?> variable)
        => Endpoint(variable("DAPR_GRPC_ENDPOINT"), variable("DAPR_GRPC_PORT"), DefaultGrpcPort);

    private static Uri Endpoint(string? address, string? portText, int defaultPort)
    {
        if (EmptyAsNull(address) is { } endpoint && Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri)) return uri;
        bool isPort = int.TryParse(portText, out int port) && port is > 0 and <= ushort.MaxValue;
        return new Uri($"http://127.0.0.1:{(isPort ? port : defaultPort)}");
    }

    private static void Check(Uri endpoint, string api)
    {
        if (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https"))
            throw new InvalidOperationException(
                $"Sidecar endpoint '{endpoint}' is not an HTTP address. Set DAPR_{api}_ENDPOINT or DAPR_{api}_PORT.");
    }

    private static string? EmptyAsNull(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
