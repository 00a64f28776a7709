using System.Net.Http.Headers;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Integration.DaprContract;

/// <summary>An answer. Headers are by lower-case name.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, List<string>> Headers, byte[] Body);

/// <summary>Sends recorded requests exactly as they stand: no cleaning of paths, no header of its own.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly HttpClient _http = new(
        new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false,
        ActivityHeadersPropagator = null }) { Timeout = TimeSpan.FromSeconds(30) };

    public static HttpRequestMessage Request(int port, JsonObject recorded, IReadOnlyDictionary<string, string> bound)
    {
        string path = Placeholders.Fill((string)recorded["path"]!, bound, isJson: false);
        var request = new HttpRequestMessage(new HttpMethod((string)recorded["method"]!),
            new Uri($"http://127.0.0.1:{port}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (recorded["body"] is { } body)
        {
            request.Content = body switch
            {
                JsonValue text => new ByteArrayContent(Encoding.UTF8.GetBytes(Placeholders.Fill((string)text!, bound, isJson: true))),
                JsonObject o when o["base64"] is { } base64 => new ByteArrayContent(Convert.FromBase64String((string)base64!)),
                JsonObject o when o["repeat"] is { } repeated => new ByteArrayContent(
                    Encoding.UTF8.GetBytes(new string(((string)repeated!)[0], (int)o["times"]!))),
                JsonObject o when o["chunks"] is { } chunks => new StreamContent(
                    new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(chunks.AsArray().Select(c => (string)c!))))),
                _ => throw new InvalidOperationException($"A body of this form is not known: {body}"),
            };
            if (body is JsonObject chunked && chunked.ContainsKey("chunks")) request.Headers.TransferEncodingChunked = true;
            if (request.Headers.TransferEncodingChunked == true) request.Content.Headers.ContentLength = null;
        }
        if (recorded["headers"] is JsonObject headers)
        {
            foreach ((string name, JsonNode? value) in headers)
            {
                string text = Placeholders.Fill((string)value!, bound, isJson: false);
                if (!request.Headers.TryAddWithoutValidation(name, text)) request.Content?.Headers.TryAddWithoutValidation(name, text);
            }
        }
        return request;
    }

    public async Task<RawAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellation = default)
    {
        using (request)
        {
            using HttpResponseMessage response = await _http.SendAsync(request, cancellation);
            var headers = new Dictionary<string, List<string>>(StringComparer.Ordinal);
            foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated
                .Concat(response.Content.Headers.NonValidated))
                headers[name.ToLowerInvariant()] = [.. values];
            return new RawAnswer((int)response.StatusCode, headers, await response.Content.ReadAsByteArrayAsync(cancellation));
        }
    }

    /// <summary>Headers only; the body is the caller's to read.</summary>
    public Task<HttpResponseMessage> StreamAsync(HttpRequestMessage request, CancellationToken cancellation)
        => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);

    public async Task<int> StatusAsync(HttpMethod method, int port, string path, string? body = null)
    {
        var request = new HttpRequestMessage(method, $"http://127.0.0.1:{port}{path}");
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return (await SendAsync(request)).Status;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Throws, naming the step, where the answer is not the recorded one.</summary>
    public static void Compare(string step, JsonObject expected, RawAnswer actual, bool isUnordered)
    {
        void Fail(string what)
            => Assert.Fail(
            $"step '{step}': {what}\nexpected {expected.ToJsonString()[..Math.Min(1500, expected.ToJsonString().Length)]}\nactual "
            + $"{actual.Status} {string.Join(' ', actual.Headers.Select(h => $"{h.Key}={string.Join('|', h.Value)}"))}\n"
            + $"{Encoding.UTF8.GetString(actual.Body.AsSpan(0, Math.Min(1500, actual.Body.Length)))}");
        if ((int)expected["status"]! != actual.Status) Fail("another status");

        JsonObject headers = expected["headers"] as JsonObject ?? [];
        foreach ((string name, JsonNode? value) in headers)
        {
            List<string> wanted = value is JsonArray list ? list.Select(v => (string)v!).ToList() : [(string)value!];
            if (!actual.Headers.TryGetValue(name, out List<string>? got)
                || !wanted.Zip(got).All(p => Placeholders.Matches(p.First, p.Second)) || wanted.Count != got.Count)
                Fail($"another header {name}");
        }
        string? extra = actual.Headers.Keys.FirstOrDefault(
            name => !headers.ContainsKey(name)
            && name is not ("date" or "content-length" or "transfer-encoding" or "connection" or "traceparent"));
        if (extra is not null) Fail($"a header too many: {extra}");

        switch (expected["body"])
        {
            case null:
                if (actual.Body.Length > 0) Fail("a body where there is none");
                break;
            case JsonObject body when body.ContainsKey("json"):
                if (!TryParse(actual.Body, out JsonNode? json) || !Placeholders.Matches(body["json"], json, isUnordered))
                    Fail("another JSON body");
                break;
            case JsonObject body when body.ContainsKey("text"):
                if (!Placeholders.Matches((string)body["text"]!, Encoding.UTF8.GetString(actual.Body))) Fail("another text body");
                break;
            default: Fail("a body of a form that is not known"); break;
        }
    }

    private static bool TryParse(byte[] body, out JsonNode? node)
    {
        try
        {
            node = JsonNode.Parse(body);
            return true;
        }
        catch (System.Text.Json.JsonException)
        {
            node = null;
            return false;
        }
    }
}
