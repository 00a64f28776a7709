using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Azure.Monitor.OpenTelemetry.AspNetCore;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Instrumentation.AspNetCore;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Dapr.Voice.Hosting;

/// <summary>
/// Where the metrics, spans and log lines of a service go; docs/telemetry.md lists them all. A meter or activity source of ours is named
/// <c>Dapr.Voice.{Part}</c>, an instrument <c>voice.{service}.{thing}</c> with a unit.
/// </summary>
public static class VoiceTelemetry
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string InsightsConnection = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    private static string Version { get; } = typeof(VoiceTelemetry).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <param name="part">As in the namespace: <c>Relay</c>.</param>
    public static Meter CreateMeter(string part) => new($"Dapr.Voice.{part}", Version);

    /// <inheritdoc cref="CreateMeter"/>
    public static ActivitySource CreateActivitySource(string part) => new($"Dapr.Voice.{part}", Version);

    /// <summary>
    /// Sends telemetry to a collector if OTEL_EXPORTER_OTLP_ENDPOINT is set, and to Application Insights if
    /// APPLICATIONINSIGHTS_CONNECTION_STRING is set. With neither, nothing is listened to and nothing leaves the process. Call it after the
    /// log providers are chosen.
    /// </summary>
    /// <param name="service">The <c>service.name</c>, as in <c>AppIds</c>.</param>
    /// <param name="instance">Tells processes of one service apart where the platform does not.</param>
    /// <exception cref="SettingsException">The address or the connection string is malformed.</exception>
    public static IHostApplicationBuilder AddVoiceTelemetry(this IHostApplicationBuilder builder, string service, string instance)
    {
        IConfiguration configuration = builder.Configuration;
        bool hasCollector = HasCollector(configuration), hasInsights = HasInsights(configuration);
        if (!hasCollector && !hasInsights) return builder;
        AddExport(builder, hasCollector, hasInsights, service, instance);
        return builder;
    }

    // Not inlined: a process that exports nothing should not load the assemblies of OpenTelemetry and Azure, about 2 MB.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddExport(IHostApplicationBuilder builder, bool hasCollector, bool hasInsights, string service, string instance)
    {
        IConfiguration configuration = builder.Configuration;
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry();
        if (hasInsights)
        {
            telemetry.UseAzureMonitor(insights =>
            {
                insights.ConnectionString = configuration[InsightsConnection];
                // The defaults keep five traces a second and drop the log lines of the others.
                (insights.SamplingRatio, insights.TracesPerSecond, insights.EnableTraceBasedLogsSampler) = (1, null, false);
                // A stream of its own, polled for all the time and read by nobody most of the time.
                insights.EnableLiveMetrics = false;
                // What could not be sent is dropped. A container has no disk to keep it on, and on a laptop it would come again much later.
                insights.DisableOfflineStorage = true;
                // The same facts as those of System.Runtime, under names of Windows.
                insights.EnablePerformanceCounters = false;
            });
        }
        if (hasCollector) telemetry.UseOtlpExporter();
        // These come after Azure's, whose resource detectors and sampler they replace. The detectors ask 169.254.169.254 before the service
        // may start, and outside of a virtual machine each start waits for the missing answer.
        telemetry.ConfigureResource(resource => resource.Clear()
            .AddService(service, "dapr.voice", Version, false, Replica(configuration) ?? instance)
                .AddAttributes(Attributes(configuration)).AddEnvironmentVariableDetector().AddTelemetrySdk())
            .WithMetrics(metrics => metrics.AddMeter("Dapr.Voice.*", "Microsoft.AspNetCore.Hosting", "System.Net.Http", "System.Runtime"))
            .WithTracing(traces => traces.AddSource("Dapr.Voice.*").AddAspNetCoreInstrumentation().AddHttpClientInstrumentation()
                .SetSampler(new CallSampler(configuration)))
            .WithLogging();
        builder.Services.Configure<AspNetCoreTraceInstrumentationOptions>(requests => requests.Filter = IsWork);
        builder.Services.AddHostedService<TelemetryFlush>();
    }

    /// <summary>A probe every few seconds is no work; its spans would outnumber the calls.</summary>
    private static bool IsWork(HttpContext context)
        => !HealthEndpoints.Paths.Contains(context.Request.Path.Value, StringComparer.OrdinalIgnoreCase);

    private static bool HasCollector(IConfiguration configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration[OtlpEndpoint])) return false;
        // The exporter takes a malformed address for none and falls back to localhost.
        if (Uri.TryCreate(configuration[OtlpEndpoint], UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            return true;
        throw new SettingsException($"Settings need a change: {OtlpEndpoint} should be an http or https address, such as "
            + $"http://localhost:4317.");
    }

    private static bool HasInsights(IConfiguration configuration)
    {
        if (configuration[InsightsConnection] is not { } connection || string.IsNullOrWhiteSpace(connection)) return false;
        // The exporter finds a malformed one only while the host starts, and then quotes it.
        bool isWhole = connection.Split(';').Select(pair => pair.Split('=', 2, StringSplitOptions.TrimEntries))
            .Any(pair => pair is [var key, var value] && key.Equals("InstrumentationKey", StringComparison.OrdinalIgnoreCase)
            && Guid.TryParse(value, out _));
        if (isWhole) return true;
        throw new SettingsException($"Settings need a change: {InsightsConnection} should be the resource's connection string, "
            + $"InstrumentationKey=…;IngestionEndpoint=….");
    }

    private static string? Replica(IConfiguration configuration)
        => configuration["CONTAINER_APP_REPLICA_NAME"] is { Length: > 0 } replica ? replica : null;

    private static IEnumerable<KeyValuePair<string, object>> Attributes(IConfiguration configuration)
    {
        yield return new("voice.region", configuration["Fleet:Region"] is { Length: > 0 } region ? region : new FleetOptions().Region);
        if (configuration["Transceiver:Shard"] is { Length: > 0 } shard) yield return new("voice.shard", shard);
        if (configuration["CONTAINER_APP_REVISION"] is { Length: > 0 } revision) yield return new("deployment.revision", revision);
    }
}
