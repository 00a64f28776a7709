using System.Collections.Frozen;
using System.Text.Json;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>
/// The agents that this transceiver offers: the built-in <c>echo</c> and <c>parrot</c>, and every name that has the URL of a Realtime
/// backend.
/// </summary>
internal sealed class AgentCatalog
{
    public const string Echo = "echo";
    public const string Parrot = "parrot";

    private readonly FrozenDictionary<string, Uri> _backends;
    private readonly string? _apiKey;
    private readonly ReadOnlyMemory<short> _apology = Apology.Pcm;
    private readonly PreparedBackends _prepared;

    /// <param name="backends">Maps a name to a <c>ws://</c> or <c>wss://</c> URL. The names of the built-in agents are reserved.</param>
    /// <param name="apiKey">The bearer key for every backend, or null.</param>
    /// <param name="time">Limits how long a prepared backend waits for its session.</param>
    /// <exception cref="ArgumentException">A name or a URL is invalid.</exception>
    public AgentCatalog(IReadOnlyDictionary<string, string> backends, string? apiKey, TimeProvider time)
    {
        _prepared = new PreparedBackends(time);
        _backends = backends.ToFrozenDictionary(
            entry => entry.Key, entry => ParseBackend(entry.Key, entry.Value), StringComparer.OrdinalIgnoreCase);
        _apiKey = string.IsNullOrEmpty(apiKey) ? null : apiKey;
    }

    /// <summary>Says whether the catalog has the agent. Case is ignored, because configuration keys ignore it.</summary>
    public bool Knows(string name) => IsBuiltIn(name) || _backends.ContainsKey(name);

    /// <exception cref="ArgumentException">The catalog does not know the name.</exception>
    public Agent Create(string name, IAgentHost host)
    {
        if (name.Equals(Echo, StringComparison.OrdinalIgnoreCase)) return new EchoAgent(host);
        if (name.Equals(Parrot, StringComparison.OrdinalIgnoreCase)) return new ParrotAgent(host);
        if (_backends.TryGetValue(name, out Uri? url)) return new RealtimeAgent(host, url, _apiKey, apology: _apology, prepared: _prepared);
        throw new ArgumentException($"No agent is called '{name}'.", nameof(name));
    }

    /// <summary>Connects ahead to the backend of a session that is about to be handed over to us, if its agent has one.</summary>
    /// <param name="asked">The session's configuration in its record.</param>
    /// <returns>Completes when the backend has answered, or when it cannot be reached.</returns>
    public Task PrepareAsync(SessionRecord record, JsonElement? asked, AgentState state)
    {
        if (!_backends.TryGetValue(record.Agent, out Uri? url)) return Task.CompletedTask;
        PreparedBackend prepared = RealtimeAgent.Prepare(url, _apiKey, record, asked, state);
        _prepared.Keep(record.CallId, prepared);
        return prepared.Ready;
    }

    private static bool IsBuiltIn(string name)
        => name.Equals(Echo, StringComparison.OrdinalIgnoreCase) || name.Equals(Parrot, StringComparison.OrdinalIgnoreCase);

    private static Uri ParseBackend(string name, string url)
    {
        if (IsBuiltIn(name)) throw new ArgumentException($"The agent name '{name}' is built in.");
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) || parsed.Scheme is not ("ws" or "wss"))
            throw new ArgumentException($"The agent '{name}' needs a ws:// or wss:// URL.");
        return parsed;
    }
}
