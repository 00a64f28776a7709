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
/// Where the metrics, spans and log lines of a service are sent. docs/telemetry.md lists all of them. Our meters and activity sources are
/// named <c>Dapr.Voice.{Part}</c>, our instruments <c>voice.{service}.{thing}</c> with a unit.
/// </summary>
public static class VoiceTelemetry
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string InsightsConnection = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    private static string Version { get; } = typeof(VoiceTelemetry).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <param name="part">The part of the namespace, such as <c>Relay</c>.</param>
    public static Meter CreateMeter(string part) => new($"Dapr.Voice.{part}", Version);

    /// <inheritdoc cref="CreateMeter"/>
    public static ActivitySource CreateActivitySource(string part) => new($"Dapr.Voice.{part}", Version);

    /// <summary>
    /// Sends telemetry to a collector if OTEL_EXPORTER_OTLP_ENDPOINT is set, and to Application Insights if
    /// APPLICATIONINSIGHTS_CONNECTION_STRING is set. If neither is set, no listener is added and nothing leaves the process. Call it after
    /// the log providers were chosen.
    /// </summary>
    /// <param name="service">The <c>service.name</c>, as in <c>AppIds</c>.</param>
    /// <param name="instance">Distinguishes the processes of one service if the platform does not.</param>
    /// <exception cref="SettingsException">The address or the connection string is malformed.</exception>
    public static IHostApplicationBuilder AddVoiceTelemetry(this IHostApplicationBuilder builder, string service, string instance)
    {
        IConfiguration configuration = builder.Configuration;
        bool hasCollector = HasCollector(configuration), hasInsights = HasInsights(configuration);
        if (!hasCollector && !hasInsights) return builder;
        AddExport(builder, hasCollector, hasInsights, service, instance);
        return builder;
    }

    // This method is not inlined, so that a process that exports nothing does not load the assemblies of OpenTelemetry and Azure, about 2
    // MB.
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
                // The defaults keep five traces a second and drop the log lines of all others.
                (insights.SamplingRatio, insights.TracesPerSecond, insights.EnableTraceBasedLogsSampler) = (1, null, false);
                // Live metrics are a separate stream that polls all the time, although usually nobody reads it.
                insights.EnableLiveMetrics = false;
                // Telemetry that can't be sent is dropped. A container has no disk to store it, and on a laptop it would be sent much
                // later.
                insights.DisableOfflineStorage = true;
                // The performance counters are the metrics of System.Runtime under the names of Windows.
                insights.EnablePerformanceCounters = false;
            });
        }
        if (hasCollector) telemetry.UseOtlpExporter();
        // These calls come after Azure's and replace its resource detectors and its sampler. The detectors send a request to
        // 169.254.169.254 during the start. Outside of an Azure virtual machine, each start would wait for an answer that never arrives.
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

    /// <summary>Excludes the probes. They arrive every few seconds, and their spans would outnumber those of the calls.</summary>
    private static bool IsWork(HttpContext context)
        => !HealthEndpoints.Paths.Contains(context.Request.Path.Value, StringComparer.OrdinalIgnoreCase);

    private static bool HasCollector(IConfiguration configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration[OtlpEndpoint])) return false;
        // The exporter treats a malformed address like a missing one and uses localhost.
        if (Uri.TryCreate(configuration[OtlpEndpoint], UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            return true;
        throw new SettingsException($"Settings need a change: {OtlpEndpoint} should be an http or https address, such as "
            + $"http://localhost:4317.");
    }

    private static bool HasInsights(IConfiguration configuration)
    {
        if (configuration[InsightsConnection] is not { } connection || string.IsNullOrWhiteSpace(connection)) return false;
        // The exporter rejects a malformed connection string only while the host starts, and its message then contains the string.
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
