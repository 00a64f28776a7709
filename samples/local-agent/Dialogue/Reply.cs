using System.Text.Json.Nodes;

namespace Dapr.Voice.LocalAgent.Dialogue;

/// <param name="Name">A tool that the client registered.</param>
internal sealed record FunctionCall(string Name, JsonObject Arguments);

/// <summary>What the agent does in its turn.</summary>
/// <param name="Speech">What the agent says. Empty: nothing.</param>
/// <param name="Calls">The calls come first. The speech follows when they are answered.</param>
/// <param name="Timer">A timer that the agent starts itself.</param>
internal sealed record Reply(string Speech, IReadOnlyList<FunctionCall> Calls, TimeSpan? Timer = null)
{
    public static Reply Say(string speech) => new(speech, []);
    public static Reply Silence => new("", []);
}
