using System.Text;
using System.Text.Json.Nodes;

namespace Dapr.Voice.LocalAgent.Realtime;

/// <summary>A response between <c>response.created</c> and <c>response.done</c>.</summary>
internal sealed class ActiveResponse(JsonObject? request, JsonNode? sessionModalities, CancellationToken ended) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(ended);

    public string Id { get; } = RealtimeIds.Next("resp_");

    /// <summary>Cancelled when the response is cancelled.</summary>
    public CancellationToken Stopped => _stop.Token;

    public JsonNode? Metadata { get; } = request?["metadata"]?.DeepClone();
    public JsonNode Modalities { get; } = (request?["output_modalities"] ?? sessionModalities)?.DeepClone() ?? new JsonArray("audio");

    /// <summary>False for <c>conversation: "none"</c>: the conversation does not keep what is said.</summary>
    public bool IsInConversation { get; } = request?["conversation"].Text() != "none";

    /// <summary>The items that are done.</summary>
    public JsonArray Output { get; } = [];

    /// <summary>The message that is being spoken. Null before and after.</summary>
    public JsonObject? Message { get; set; }

    public StringBuilder Transcript { get; } = new();
    public long AudioSamples { get; set; }
    public int InputWords { get; set; }

    public bool IsText => Modalities is JsonArray modalities && modalities.All(m => m.Text() == "text");

    public void Stop() => _stop.Cancel();

    public void Dispose() => _stop.Dispose();
}
