using System.Text.Json.Serialization;
using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling.Realtime;
using Dapr.Voice.Signaling.Sessions;

namespace Dapr.Voice.Signaling.Page;

/// <summary>
/// <c>/demo</c>: what the page needs on a laptop, where no app server stands between the page and signaling. It is open to everybody who
/// opens the page, so it exists only if Signaling__DemoPage is set. A page of another origin gets nothing. Its keys are short-lived, and
/// the limit for each address applies.
/// </summary>
internal sealed class DemoEndpoints(
    SignalingOptions options, FleetOptions fleet, AgentChoice agents, ClientSecrets secrets, ILogger<DemoEndpoints> logger)
{
    private const int KeySeconds = 60;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        if (!options.DemoPage) return;
        SignalingLog.DemoIsOpen(logger);
        var door = new OwnPageOnly(options);
        endpoints.MapGet("/demo/config", context => door.Refusal(context.Request) is { } refusal ? refusal.ExecuteAsync(context)
            : context.Response.WriteAsJsonAsync(
                new DemoConfig(fleet.Region, options.DefaultAgent, agents.Known, RealtimeEndpoints.CallsPath), DemoJson.Default.DemoConfig,
                cancellationToken: context.RequestAborted));
        endpoints.MapPost("/demo/token", async context =>
        {
            ApiError? error = door.Refusal(context.Request)
                ?? await secrets.AnswerAsync(context, new ClientSecretRequest { ExpiresAfter = new(null, KeySeconds) });
            if (error is not null) await error.ExecuteAsync(context);
        });
    }
}

internal sealed record DemoConfig(string Region, string DefaultAgent, IReadOnlyList<string> Agents, string CallsPath);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DemoConfig))]
internal sealed partial class DemoJson : JsonSerializerContext;
