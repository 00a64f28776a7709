using System.Net;
using System.Net.Http.Headers;
using Dapr.Voice.DevSidecar;
using Dapr.Voice.Tests.Integration.DaprContract;
using static Dapr.Voice.Tests.Integration.DaprContract.SidecarUnderTest;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

/// <summary>
/// A page in a browser on this machine can reach every port of the sidecar. No port answers it, whatever host name it uses.
/// </summary>
public sealed class PageGuardTests
{
    private const string Token = "sidecar-secret";

    public enum Port { Http, Grpc, Control }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "evil.example:3500")]
    [InlineData("Host", "127.0.0.1.evil.example")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "http://localhost:5173")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task EveryPort_RequestOfAPage_IsForbidden(string header, string value)
    {
        await using SidecarUnderTest sidecar = await StartedAsync(token: null);
        foreach (Port port in Enum.GetValues<Port>())
        {
            HttpStatusCode status = await StatusAsync(sidecar, port, request =>
            {
                if (header == "Host") request.Headers.Host = value;
                else request.Headers.Add(header, value);
            });
            Assert.True(status == HttpStatusCode.Forbidden, $"{port}: {status}");
        }
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("localhost:3500")]
    public async Task EveryPort_RequestByALocalName_IsAnswered(string host)
    {
        await using SidecarUnderTest sidecar = await StartedAsync(token: null);
        foreach (Port port in Enum.GetValues<Port>())
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(sidecar, port, request => request.Headers.Host = host));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("guess", false)]
    [InlineData(Token, true)]
    public async Task EveryPort_WithAToken_AsksForIt(string? sent, bool isAnswered)
    {
        await using SidecarUnderTest sidecar = await StartedAsync(Token);
        void Add(HttpRequestMessage request)
        {
            if (sent is not null) request.Headers.Add("dapr-api-token", sent);
        }
        HttpStatusCode expected = isAnswered ? HttpStatusCode.OK : HttpStatusCode.Unauthorized;
        Assert.Equal(expected, await StatusAsync(sidecar, Port.Http, Add));
        Assert.Equal(expected, await StatusAsync(sidecar, Port.Control, Add));
        // A gRPC answer has its status in a trailer, or in a header if it has no body.
        using HttpResponseMessage grpc = await SendAsync(sidecar, Port.Grpc, Add);
        await grpc.Content.LoadIntoBufferAsync();
        HttpResponseHeaders trailers = grpc.Headers.Contains("grpc-status") ? grpc.Headers : grpc.TrailingHeaders;
        Assert.Equal(isAnswered ? "0" : "16", trailers.GetValues("grpc-status").Single());
    }

    private static Task<SidecarUnderTest> StartedAsync(string? token) => StartAsync(folder =>
    {
        string file = Path.Combine(folder.FullName, "secrets.json");
        File.WriteAllText(file, """{"one":"first"}""");
        return [Component("secrets", "secretstores.local.file", Metadata("secretsFile", file))];
    }, o => o with { ControlPort = 0, ApiToken = token }, new AppSpec("a", 0));

    private static async Task<HttpStatusCode> StatusAsync(SidecarUnderTest sidecar, Port port, Action<HttpRequestMessage> change)
    {
        using HttpResponseMessage answer = await SendAsync(sidecar, port, change);
        return answer.StatusCode;
    }

    /// <summary>Requests what a malicious page would: the secrets, or the list of apps.</summary>
    private static async Task<HttpResponseMessage> SendAsync(SidecarUnderTest sidecar, Port port, Action<HttpRequestMessage> change)
    {
        using HttpRequestMessage request = port switch
        {
            Port.Http => new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{sidecar.Port}/v1.0/secrets/secrets/bulk"),
            Port.Control => new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{sidecar.Host.ControlPort}/apps"),
            _ => new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{sidecar.GrpcPort}/dapr.proto.runtime.v1.Dapr/GetMetadata")
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                // An empty message: not compressed, with length 0.
                Content = new ByteArrayContent(new byte[5]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
            },
        };
        change(request);
        using var http = new HttpClient();
        return await http.SendAsync(request);
    }
}
