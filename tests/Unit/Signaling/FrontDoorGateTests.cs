using System.Net;
using Dapr.Voice.Signaling;
using Dapr.Voice.TestKit;
using Xunit;

namespace Dapr.Voice.Tests.Unit.Signaling;

public sealed class FrontDoorGateTests
{
    private const string Id = "4f5a1c9e-6a53-4c0b-9d52-0d1f2a3b4c5d";

    [Theory]
    [InlineData(Id, HttpStatusCode.Created)]
    [InlineData("4F5A1C9E-6A53-4C0B-9D52-0D1F2A3B4C5D", HttpStatusCode.Created)]
    [InlineData("00000000-0000-0000-0000-000000000000", HttpStatusCode.Forbidden)]
    [InlineData("", HttpStatusCode.Forbidden)]
    [InlineData(null, HttpStatusCode.Forbidden)]
    public async Task Post_WithAHeader_IsLetInOnlyWithOurProfilesId(string? header, HttpStatusCode expected)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(settings => settings["Signaling:FrontDoorId"] = Id);
        if (header is not null) signaling.Http.DefaultRequestHeaders.Add("X-Azure-FDID", header);

        using HttpResponseMessage answer = await signaling.PostOfferAsync(Offers.Chromium);

        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("*", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Theory]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/readyz", HttpStatusCode.OK)]
    [InlineData("/startupz", HttpStatusCode.OK)]
    [InlineData("/scale/shards", HttpStatusCode.Unauthorized)]
    [InlineData("/internal/v1/sessions/none", HttpStatusCode.Unauthorized)]
    [InlineData("/", HttpStatusCode.Forbidden)]
    [InlineData("/healthzz", HttpStatusCode.Forbidden)]
    public async Task Get_WithoutTheHeader_ReachesWhatThePlatformAndTheSidecarAskFor(string path, HttpStatusCode expected)
    {
        await using SignalingHarness signaling = await SignalingHarness.StartAsync(settings => settings["Signaling:FrontDoorId"] = Id);

        using HttpResponseMessage answer = await signaling.Http.GetAsync(path);

        Assert.Equal(expected, answer.StatusCode);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("", 0)]
    [InlineData(Id, 0)]
    [InlineData("afd-voice", 1)]
    public void Problems_FrontDoorId_IsAGuidOrNothing(string? id, int expected)
        => Assert.Equal(expected, new SignalingOptions { FrontDoorId = id }.Problems().Count());
}
