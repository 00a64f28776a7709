using System.Text.Json;
using Dapr.Voice.Hosting;

namespace Dapr.Voice.Signaling.Sessions;

/// <summary>Which agent a session gets: the agent that is named directly, else the one that the model names, else the default.</summary>
internal sealed class AgentChoice(SignalingOptions options)
{
    private readonly HashSet<string> _known = new(options.EffectiveAgents, StringComparer.Ordinal);

    /// <summary>The known agents. The default is first.</summary>
    public IReadOnlyList<string> Known { get; } = options.EffectiveAgents;

    public bool IsKnown(string agent) => _known.Contains(agent);

    public (string Agent, ApiError? Error) Choose(string? named, JsonElement? session, string? model, string? required)
    {
        string? explicitly = named ?? TextOf(session, "agent");
        if (explicitly is not null && !IsKnown(explicitly)) return ("", NotFound(explicitly));
        if (required is not null)
        {
            if (explicitly is not null && explicitly != required)
                return ("", ApiError.Forbidden("agent_not_allowed", $"This key is for the agent '{required}'."));
            return IsKnown(required) ? (required, null) : ("", NotFound(required));
        }
        if (explicitly is not null) return (explicitly, null);

        // OpenAI clients always send a model. Most models name none of our agents, and that must not fail.
        string? wished = TextOf(session, "model") ?? model;
        return (wished is not null && IsKnown(wished) ? wished : options.DefaultAgent, null);
    }

    public static ApiError NotFound(string agent)
        => ApiError.NotFound("agent_not_found", AgentName.IsValid(agent) ? $"There is no agent '{agent}' here."
        : "There is no such agent here.", "agent");

    /// <summary>Returns a string member of the session object, or null.</summary>
    public static string? TextOf(JsonElement? session, string name)
        => session is { ValueKind: JsonValueKind.Object } value && value.TryGetProperty(name, out JsonElement member)
        && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
