using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Signaling.Http;

/// <summary>
/// Reads request bodies of strangers. A body is read up to a limit and not further, and its JSON is checked so that nothing throws later.
/// </summary>
internal static class RequestBody
{
    /// <summary>
    /// The deepest nesting accepted. A record, an event or a checkpoint nests the value deeper, and all readers stop at 64.
    /// </summary>
    public const int MaximumDepth = 48;

    /// <returns>Null if the body is larger than <paramref name="limitBytes"/>. The rest stays unread.</returns>
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

    /// <exception cref="JsonException">The bytes are not the expected JSON, or they hold a string that cannot be read. No other exception
    /// is thrown.</exception>
    public static T? ReadJson<T>(ReadOnlySpan<byte> utf8Json, JsonTypeInfo<T> type)
        => JsonText.IsReadable(utf8Json) ? JsonSerializer.Deserialize(utf8Json, type)
        : throw new JsonException("A string in it cannot be read.");
}
