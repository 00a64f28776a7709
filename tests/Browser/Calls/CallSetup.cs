using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>How a call came about, counted from the SDK's <c>connect()</c>; null is what was not seen.</summary>
/// <param name="PostMs">The POST of the offer alone, preflight included.</param>
/// <param name="OpenMs">The data channel is open.</param>
internal sealed record CallSetup(string? CallId, double? PostMs, double? OpenMs, double? CreatedMs, double? UpdatedMs, double ResolvedMs)
{
    public static CallSetup Read(JsonNode node) => new(
        (string?)node["callId"], (double?)node["postMs"], (double?)node["openMs"], (double?)node["createdMs"], (double?)node["updatedMs"],
        (double)node["resolvedMs"]!);
}
