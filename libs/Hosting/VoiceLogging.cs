using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Dapr.Voice.Hosting;

public static class VoiceLogging
{
    private const string TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";

    /// <summary>
    /// Writes one line for each event to standard output, with times in UTC, or JSON lines with <c>VOICE_LOG_JSON=1</c>.
    /// <c>Logging__LogLevel__…</c> has its usual effect.
    /// </summary>
    public static ILoggingBuilder AddVoiceLogging(this ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();
        // ASP.NET Core and HttpClient log whole URLs at the level Information, and a query may contain private data.
        logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        // A service that is not ready answers so to each probe. The health checks would log an error each time.
        logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        logging.AddConfiguration(configuration.GetSection("Logging"));
        if (configuration["VOICE_LOG_JSON"] is "1" or "true")
        {
            logging.AddJsonConsole(console =>
            {
                (console.TimestampFormat, console.UseUtcTimestamp, console.IncludeScopes) = (TimestampFormat.TrimEnd(), true, false);
                console.JsonWriterOptions = new JsonWriterOptions { Encoder = ReadableJson.Encoder };
            });
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                (console.TimestampFormat, console.UseUtcTimestamp, console.SingleLine) = (TimestampFormat, true, true);
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }
        return logging;
    }
}
