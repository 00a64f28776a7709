using System.Buffers;
using System.IO.Pipelines;

namespace Dapr.Voice.Signaling.Realtime;

/// <summary>Reads a body up to a limit, and not a buffer further.</summary>
internal static class RequestBody
{
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
}
