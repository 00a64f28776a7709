using System.Text;
using System.Text.Json;
using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling.Http;
using Dapr.Voice.Signaling.Sessions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Dapr.Voice.Signaling.Realtime;

/// <summary>The body of <c>POST /v1/realtime/calls</c> in any of its three forms.</summary>
/// <param name="Session">A JSON object, or null.</param>
/// <param name="AnswersJson">The answer is <c>{id, sdp}</c> instead of bare SDP.</param>
internal sealed record CallRequest(string OfferSdp, JsonElement? Session, string? Agent, int? MaxSessionSeconds, bool AnswersJson)
{
    // JSON escapes every line end of the offer, and multipart adds headers. There is room for both forms of the largest offer.
    private const int MaximumEnvelopeBytes = SessionRequest.MaximumOfferBytes + SessionRequest.MaximumSessionBytes + 16 * 1024;
    private const int MaximumEchoedName = 64;
    private const string Expected =
        "application/sdp, multipart/form-data with the parts 'sdp' and 'session', or application/json {sdp, session}";

    public static async Task<(CallRequest? Request, ApiError? Error)> ReadAsync(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
            return (null, ApiError.WrongMediaType(Expected));
        if (type.MediaType.Equals("application/sdp", StringComparison.OrdinalIgnoreCase))
        {
            byte[]? body = await RequestBody.ReadAsync(request, SessionRequest.MaximumOfferBytes);
            return body is null ? (null, ApiError.TooLarge(SessionRequest.MaximumOfferBytes))
                : Checked(new(Encoding.UTF8.GetString(body), null, null, null, AnswersJson: false));
        }

        bool isMultipart = type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase);
        if (!isMultipart && !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
            return (null, ApiError.WrongMediaType(Expected));
        byte[]? envelope = await RequestBody.ReadAsync(request, MaximumEnvelopeBytes);
        if (envelope is null) return (null, ApiError.TooLarge(MaximumEnvelopeBytes));
        return isMultipart ? await ReadMultipartAsync(type, envelope, request.HttpContext.RequestAborted) : ReadJson(envelope, request);
    }

    private static (CallRequest?, ApiError?) ReadJson(byte[] envelope, HttpRequest request)
    {
        CallBody? body;
        try
        {
            body = RequestBody.ReadJson(envelope, RealtimeJson.Default.CallBody);
        }
        catch (JsonException)
        {
            return (null, ApiError.Invalid("invalid_json", "The body is not the JSON that is expected here: {sdp, session?, agent?}."));
        }
        if (SessionRequest.CheckUnknown(body?.Unknown, "sdp, session, agent and max_session_seconds") is { } unknown)
            return (null, unknown);
        if (string.IsNullOrEmpty(body?.Sdp)) return (null, ApiError.Invalid("missing_sdp", "'sdp' should be the offer.", "sdp"));
        bool wantsSdp = request.GetTypedHeaders().Accept?.Any(
            accept => accept.MediaType.Equals("application/sdp", StringComparison.OrdinalIgnoreCase)) == true;
        return Checked(new(body.Sdp, NullIfJsonNull(body.Session), body.Agent, body.MaxSessionSeconds, AnswersJson: !wantsSdp));
    }

    private static async Task<(CallRequest?, ApiError?)> ReadMultipartAsync(
        MediaTypeHeaderValue type, byte[] envelope, CancellationToken cancellation)
    {
        string boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        if (boundary.Length is < 1 or > 70)
            return (null, ApiError.Invalid("invalid_multipart", "The Content-Type names no boundary of 1 to 70 characters."));

        var parts = new Dictionary<string, string>(2, StringComparer.Ordinal);
        JsonElement? session = null;
        try
        {
            var reader = new MultipartReader(boundary, new MemoryStream(WithCrLf(envelope, boundary), writable: false));
            while (await reader.ReadNextSectionAsync(cancellation) is { } part)
            {
                if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out ContentDispositionHeaderValue? disposition))
                    return (null, ApiError.Invalid("invalid_multipart", "A part has no Content-Disposition with a name."));
                string name = HeaderUtilities.RemoveQuotes(disposition.Name).ToString();
                if (name is not ("sdp" or "session"))
                    return (null, ApiError.Invalid("unknown_parameter", "The only parts are 'sdp' and 'session'.",
                        name.Length > MaximumEchoedName ? null : name));
                // Real clients send these parts without a file name. A part with a file name means the same.
                using var content = new StreamReader(part.Body, Encoding.UTF8);
                if (!parts.TryAdd(name, await content.ReadToEndAsync(cancellation)))
                    return (null, ApiError.Invalid("invalid_multipart", $"There are two parts '{name}'.", name));
            }
            if (parts.TryGetValue("session", out string? json))
                session = RequestBody.ReadJson(Encoding.UTF8.GetBytes(json), RealtimeJson.Default.JsonElement);
        }
        catch (JsonException)
        {
            return (null, ApiError.Invalid("invalid_json", "The part 'session' is not JSON.", "session"));
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return (null, ApiError.Invalid("invalid_multipart", "The body is not the multipart/form-data that its Content-Type promises."));
        }
        return parts.TryGetValue("sdp", out string? sdp)
            ? Checked(new(sdp, NullIfJsonNull(session), null, null, AnswersJson: false))
            : (null, ApiError.Invalid("missing_sdp", "The part 'sdp' is missing.", "sdp"));
    }

    /// <summary>
    /// Ends every line with CRLF if the boundaries end with LF alone. The framework's reader does not find such boundaries, and clients
    /// that build the body from strings write them. Both parts are text, and their meaning does not depend on line ends.
    /// </summary>
    private static byte[] WithCrLf(byte[] body, string boundary)
    {
        if (body.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"--{boundary}\n")) < 0) return body;
        var lines = new MemoryStream(body.Length + 512);
        byte previous = 0;
        foreach (byte current in body)
        {
            if (current == '\n' && previous != '\r') lines.WriteByte((byte)'\r');
            lines.WriteByte(current);
            previous = current;
        }
        return lines.ToArray();
    }

    private static (CallRequest?, ApiError?) Checked(CallRequest request)
    {
        if (Encoding.UTF8.GetByteCount(request.OfferSdp) > SessionRequest.MaximumOfferBytes)
            return (null, ApiError.TooLarge(SessionRequest.MaximumOfferBytes));
        if (string.IsNullOrWhiteSpace(request.OfferSdp)) return (null, ApiError.Invalid("missing_sdp", "The offer is empty.", "sdp"));
        ApiError? error = SessionRequest.CheckSession(request.Session, SessionRequest.MaximumSessionBytes)
            ?? SessionRequest.CheckMaximum(request.MaxSessionSeconds, "max_session_seconds");
        return error is null ? (request, null) : (null, error);
    }

    private static JsonElement? NullIfJsonNull(JsonElement? element) => element is { ValueKind: not JsonValueKind.Null } ? element : null;
}
