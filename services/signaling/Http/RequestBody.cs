using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Http;

/// <summary>
/// Bodies as strangers send them: read up to a limit and not a buffer further, and JSON of which nothing can throw later.
/// </summary>
internal static class RequestBody
{
    /// <summary>What is taken in here nests deeper in a record, an event or a checkpoint, and all readers end at 64.</summary>
    public const int MaximumDepth = 48;

    /// <returns>Null if it is larger than <paramref name="limitBytes"/>; then the rest stays unread.</returns>
    public static async Task<byte[]?> ReadAsync(HttpRequest request, int limitBytes)
    {
        if (request.ContentLength > limitBytes) return null;
        while (true)
        {
            ReadResult read = await request.BodyReader.ReadAsync(request.HttpContext.RequestAborted);
            if (read.Buffer.Length > limitBytes)
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return null;
            }
            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return body;
            }
            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <exception cref="JsonException">It is not the JSON that is expected, or holds a string that cannot be read. Nothing else is
    /// thrown.</exception>
    public static T? ReadJson<T>(ReadOnlySpan<byte> utf8Json, JsonTypeInfo<T> type)
        => JsonText.IsReadable(utf8Json) ? JsonSerializer.Deserialize(utf8Json, type)
        : throw new JsonException("A string in it cannot be read.");
}
