using System.Text.Json.Nodes;

namespace Dapr.Voice.LocalAgent.Dialogue;

/// <param name="Name">A tool that the client registered.</param>
internal sealed record FunctionCall(string Name, JsonObject Arguments);

/// <summary>What the agent does about a turn.</summary>
/// <param name="Speech">Empty: it keeps quiet.</param>
/// <param name="Calls">If there are any, they come first, and the speech when they are answered.</param>
/// <param name="Timer">To be started by the agent itself.</param>
internal sealed record Reply(string Speech, IReadOnlyList<FunctionCall> Calls, TimeSpan? Timer = null)
{
    public static Reply Say(string speech) => new(speech, []);
    public static Reply Silence => new("", []);
}
