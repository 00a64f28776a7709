using System.Net;
using System.Text;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Tests.Unit.Sidecar;

/// <summary>A request as the sidecar would have got it.</summary>
internal sealed record SentRequest(string Method, string PathAndQuery, IReadOnlyDictionary<string, string> Headers, string Body, long? ContentLength, bool IsChunked);

/// <summary>Answers the calls of the client one after the other as scripted, and keeps what was asked.</summary>
internal sealed class ScriptedSidecar(params Func<CancellationToken, Task<HttpResponseMessage>>[] answers) : HttpMessageHandler
{
    private int _next;

    public List<SentRequest> Requests { get; } = [];

    public static Func<CancellationToken, Task<HttpResponseMessage>> Answer(int status, string body = "", string? etag = null, string contentType = "application/json") => _ =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        if (body.Length > 0) response.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (etag is not null) response.Headers.TryAddWithoutValidation("ETag", etag);
        return Task.FromResult(response);
    };

    public static Func<CancellationToken, Task<HttpResponseMessage>> Error(int status, string code) => Answer(status, $"{{\"errorCode\":\"{code}\",\"message\":\"x\",\"details\":[{{\"a\":1}}]}}");

    public static async Task<HttpResponseMessage> Never(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        throw new InvalidOperationException();
    }

    public static Task<HttpResponseMessage> Refused(CancellationToken cancellation) => throw new HttpRequestException("connection refused");

    public SidecarConnection Connect(Action<SidecarOptions>? configure = null)
    {
        var options = new SidecarOptions { HttpEndpoint = new Uri("http://127.0.0.1:3500"), ApiToken = null, AppApiToken = null };
        configure?.Invoke(options);
        return new SidecarConnection(options, TimeProvider.System, this);
    }

    public IStateStore Store(Action<SidecarOptions>? configure = null) => new HttpStateStore(Connect(configure));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var headers = request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default).ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Requests.Add(new SentRequest(request.Method.Method, request.RequestUri!.PathAndQuery, headers, body, request.Content?.Headers.ContentLength, request.Headers.TransferEncodingChunked == true));
        return await answers[Math.Min(_next++, answers.Length - 1)](cancellationToken);
    }
}
