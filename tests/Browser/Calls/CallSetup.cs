using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>How long the steps of a call's set-up took, from the SDK's <c>connect()</c>. Null means that the step was not seen.</summary>
/// <param name="PostMs">The POST of the offer alone, with its preflight.</param>
/// <param name="OpenMs">The opening of the data channel.</param>
internal sealed record CallSetup(string? CallId, double? PostMs, double? OpenMs, double? CreatedMs, double? UpdatedMs, double ResolvedMs)
{
    public static CallSetup Read(JsonNode node) => new(
        (string?)node["callId"], (double?)node["postMs"], (double?)node["openMs"], (double?)node["createdMs"], (double?)node["updatedMs"],
        (double)node["resolvedMs"]!);
}
