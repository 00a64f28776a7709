using System.Net;
using System.Text;
using Dapr.Voice.Sidecar;

namespace Dapr.Voice.Tests.Unit.Sidecar;

/// <summary>A request as the sidecar would have received it.</summary>
internal sealed record SentRequest(
    string Method, string PathAndQuery, IReadOnlyDictionary<string, string> Headers, string Body, long? ContentLength, bool IsChunked);

/// <summary>Answers invocations one after the other as scripted, and keeps what was asked.</summary>
internal sealed class ScriptedHttp(params Func<CancellationToken, Task<HttpResponseMessage>>[] answers) : HttpMessageHandler
{
    private int _next;

    public List<SentRequest> Requests { get; } = [];

    public static Func<CancellationToken, Task<HttpResponseMessage>> Answer(
        int status, string body = "", string contentType = "application/json") => _ =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        if (body.Length > 0) response.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return Task.FromResult(response);
    };

    public static async Task<HttpResponseMessage> Never(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        throw new InvalidOperationException();
    }

    public static Task<HttpResponseMessage> Refused(CancellationToken cancellation) => throw new HttpRequestException("connection refused");

    public IServiceInvoker Invoker(Action<SidecarOptions>? configure = null)
    {
        var options = new SidecarOptions { ApiToken = null, AppApiToken = null };
        configure?.Invoke(options);
        return new HttpServiceInvoker(new SidecarHttp(options, this), new SidecarCalls(options, TimeProvider.System));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var headers = request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default)
            .ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Requests.Add(new SentRequest(
            request.Method.Method, request.RequestUri!.PathAndQuery, headers, body, request.Content?.Headers.ContentLength,
            request.Headers.TransferEncodingChunked == true));
        return await answers[Math.Min(_next++, answers.Length - 1)](cancellationToken);
    }
}
