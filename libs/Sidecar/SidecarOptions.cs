namespace Dapr.Voice.Sidecar;

/// <summary>
/// Where the sidecar is and how long a call to it may take. Defaults come from the variables that <c>daprd</c> and Container Apps set.
/// </summary>
public sealed record SidecarOptions
{
    /// <summary>Port of the sidecar's HTTP API where nothing names another (<c>DAPR_HTTP_PORT</c>).</summary>
    public const int DefaultHttpPort = 3500;

    /// <summary>Port of the sidecar's gRPC API where nothing names another (<c>DAPR_GRPC_PORT</c>).</summary>
    public const int DefaultGrpcPort = 50001;

    /// <summary>
    /// The largest value or event that is sent, in bytes. The sidecar reads 4 MiB of a request; the rest is for the key, the ETag and the
    /// names.
    /// </summary>
    public const int MaximumRequestBytes = 4 * 1024 * 1024 - 4096;

    /// <summary>Base address of the sidecar's HTTP API, without a path. <c>DAPR_HTTP_ENDPOINT</c> beats <c>DAPR_HTTP_PORT</c>.</summary>
    public Uri HttpEndpoint { get; set; } = HttpEndpointFrom(Environment.GetEnvironmentVariable);

    /// <summary>Base address of the sidecar's gRPC API, without a path. <c>DAPR_GRPC_ENDPOINT</c> beats <c>DAPR_GRPC_PORT</c>.</summary>
    public Uri GrpcEndpoint { get; set; } = GrpcEndpointFrom(Environment.GetEnvironmentVariable);

    /// <summary>What the sidecar wants to see from us in <c>dapr-api-token</c>; null where it asks for none.</summary>
    public string? ApiToken { get; set; } = EmptyAsNull(Environment.GetEnvironmentVariable("DAPR_API_TOKEN"));

    /// <summary>What the sidecar puts in <c>dapr-api-token</c> when it calls us; null where it puts nothing.</summary>
    public string? AppApiToken { get; set; } = EmptyAsNull(Environment.GetEnvironmentVariable("APP_API_TOKEN"));

    /// <summary>
    /// Deadline of one state operation, its read-backs included. A frozen store keeps the sidecar waiting for 10 s, a killed one for 3 s
    /// (docs/dapr.md, point 15), so the deadline has to be ours.
    /// </summary>
    public TimeSpan StateTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Deadline of one publish call.</summary>
    public TimeSpan PublishTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Deadline of one secret.</summary>
    public TimeSpan SecretTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Deadline of one invocation, to the last byte of the answer.</summary>
    public TimeSpan InvokeTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How often <see cref="ISidecarHealth.WaitForOutboundHealthAsync"/> asks.</summary>
    public TimeSpan HealthPollInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// The longest answer that is read, in bytes; a longer one counts as <c>Unavailable</c>. A bulk read of 50 checkpoints is far below.
    /// </summary>
    public int MaximumAnswerBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Throws if a value makes no sense.</summary>
    public void Validate()
    {
        Check(HttpEndpoint, "HTTP");
        Check(GrpcEndpoint, "GRPC");
        // Dapr's client asks for the sidecar's health through the proxy of the environment, which cannot reach our loopback.
        if (HttpEndpoint.IsLoopback && !HttpClient.DefaultProxy.IsBypassed(HttpEndpoint))
            throw new InvalidOperationException(
                $"HTTP_PROXY also covers the sidecar at {HttpEndpoint}: add {HttpEndpoint.Host} to NO_PROXY.");
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
        if (MaximumAnswerBytes < 64 * 1024)
            throw new InvalidOperationException($"Sidecar {nameof(MaximumAnswerBytes)} must be at least 64 KiB.");
    }

    /// <summary>The HTTP endpoint that the environment names.</summary>
    internal static Uri HttpEndpointFrom(Func<string, string?> variable)
        => Endpoint(variable("DAPR_HTTP_ENDPOINT"), variable("DAPR_HTTP_PORT"), DefaultHttpPort);

    /// <summary>The gRPC endpoint that the environment names.</summary>
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
                $"Sidecar endpoint '{endpoint}' is no http address: set DAPR_{api}_ENDPOINT or DAPR_{api}_PORT.");
    }

    private static string? EmptyAsNull(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
