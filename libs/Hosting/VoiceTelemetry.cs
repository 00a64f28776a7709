using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Names and exporters of telemetry. Instruments are <c>voice.{service}.{thing}</c> with a unit; meter and activity source are
/// <c>voice.{service}</c>. Nothing leaves the process unless OTEL_EXPORTER_OTLP_ENDPOINT is set.
/// </summary>
public sealed class VoiceTelemetry : IDisposable
{
    private readonly MeterProvider? _meters;
    private readonly TracerProvider? _traces;

    private VoiceTelemetry(MeterProvider? meters, TracerProvider? traces) => (_meters, _traces) = (meters, traces);

    /// <summary>True if telemetry is sent to a collector.</summary>
    public bool IsExporting => _meters is not null;

    public static Meter CreateMeter(string service) => new($"voice.{service}", Version);
    public static ActivitySource CreateActivitySource(string service) => new($"voice.{service}", Version);

    /// <summary>
    /// Starts the exporters if a collector is named, by gRPC or HTTP as OTEL_EXPORTER_OTLP_PROTOCOL says. Everything sent carries region and, for a shard, its
    /// number; in Container Apps also replica and revision. Dispose at the end of the process: it flushes.
    /// </summary>
    /// <param name="service">As in <c>AppIds</c>.</param>
    /// <param name="instance">Tells processes of one service apart, where the platform does not.</param>
    public static VoiceTelemetry Start(string service, string instance, IConfiguration configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) return new(null, null);

        ResourceBuilder resource = ResourceBuilder.CreateDefault()
            .AddService(service, "dapr.voice", Version, autoGenerateServiceInstanceId: false, configuration["CONTAINER_APP_REPLICA_NAME"] is { Length: > 0 } replica ? replica : instance)
            .AddAttributes(Attributes(configuration));
        // The exporters read OTEL_… from where we do; left alone they look at the process's environment only.
        MeterProvider meters = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .SetResourceBuilder(resource)
            .AddMeter("voice.*", "Microsoft.AspNetCore.Hosting", "System.Net.Http", "System.Runtime")
            .AddOtlpExporter()
            .Build();
        TracerProvider traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .SetResourceBuilder(resource)
            .AddSource("voice.*", "Microsoft.AspNetCore", "System.Net.Http")
            .AddOtlpExporter()
            .Build();
        return new(meters, traces);
    }

    public void Dispose()
    {
        _traces?.Dispose();
        _meters?.Dispose();
    }

    private static IEnumerable<KeyValuePair<string, object>> Attributes(IConfiguration configuration)
    {
        yield return new("voice.region", configuration["Fleet:Region"] is { Length: > 0 } region ? region : new FleetOptions().Region);
        if (configuration["Transceiver:Shard"] is { Length: > 0 } shard) yield return new("voice.shard", shard);
        if (configuration["CONTAINER_APP_REVISION"] is { Length: > 0 } revision) yield return new("deployment.revision", revision);
    }

    private static string Version { get; } = typeof(VoiceTelemetry).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
