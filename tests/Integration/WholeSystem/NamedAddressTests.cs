using System.Net;

namespace Dapr.Voice.Tests.Integration.WholeSystem;

/// <summary>
/// <c>up --http-address</c> with one address of the machine. Callers use that address. The sidecar and the readiness check use loopback.
/// </summary>
[Collection(WholeSystemCollection.Name)]
public sealed class NamedAddressTests
{
    [RootFact]
    public async Task Up_OnAnAddressThatIsNotTheUsualOne_AnswersThereAndOnLoopback()
    {
        await using var voice = new VoiceSystem();
        await voice.UpAsync("--agent", "echo", "--address", "127.0.0.2", "--http-address", "127.0.0.2");
        Assert.Equal("127.0.0.2", voice.Url.Host);
        using HttpClient client = voice.NewClient();
        using HttpResponseMessage there = await client.GetAsync("/readyz");
        using HttpResponseMessage loopback = await client.GetAsync($"http://127.0.0.1:{voice.Url.Port}/readyz");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (there.StatusCode, loopback.StatusCode));
        (await voice.CallAsync()).Succeeded();
    }
}
