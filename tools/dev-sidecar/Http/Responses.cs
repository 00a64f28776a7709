using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Dapr.Voice.DevSidecar.Apps;

namespace Dapr.Voice.DevSidecar.Http;

/// <summary>Writes answers in the forms of the real sidecar.</summary>
internal static class Responses
{
    // A person who tries curl reads this. As with the real sidecar, an apostrophe is an apostrophe.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task Error(HttpContext context, ApiException failure)
        => Error(context, failure.Error.HttpStatus, failure.Error.HttpCode, failure.Message);

    public static Task Error(HttpContext context, int status, string errorCode, string message)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(body, Readable))
        {
            writer.WriteStartObject();
            writer.WriteString("errorCode"u8, errorCode);
            writer.WriteString("message"u8, message);
            writer.WriteEndObject();
        }
        return Json(context, status, body.WrittenMemory);
    }

    public static Task NotServed(HttpContext context)
        => Error(context, 404, "ERR_DIRECT_INVOKE", "failed getting app id either from the URL path or the header dapr-app-id");

    public static Task Empty(HttpContext context)
    {
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    public static Task Json(HttpContext context, int status, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        if (HttpMethods.IsHead(context.Request.Method)) return Task.CompletedTask;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <returns>The whole body, or null if it is longer than <see cref="AppChannel.MaximumBodyBytes"/>.</returns>
    public static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpContext context)
    {
        if (context.Request.ContentLength > AppChannel.MaximumBodyBytes) return null;
        var body = new ArrayBufferWriter<byte>(Math.Max(256, (int)(context.Request.ContentLength ?? 0) + 1));
        while (true)
        {
            int read = await context.Request.Body.ReadAsync(body.GetMemory(), context.RequestAborted).ConfigureAwait(false);
            if (read == 0) return body.WrittenMemory;
            body.Advance(read);
            if (body.WrittenCount > AppChannel.MaximumBodyBytes) return null;
        }
    }

    /// <summary>The <c>metadata.*</c> parameters of the query. The names have no prefix, and each has its first value.</summary>
    public static Dictionary<string, string> QueryMetadata(HttpContext context)
    {
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Query)
        {
            if (name.StartsWith("metadata.", StringComparison.OrdinalIgnoreCase) && values.Count > 0)
                metadata.TryAdd(name["metadata.".Length..], values[0] ?? "");
        }
        return metadata;
    }
}
