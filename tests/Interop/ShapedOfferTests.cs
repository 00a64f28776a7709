using Dapr.Voice.Sdp;
using Dapr.Voice.Tests.Interop.Calls;
using Dapr.Voice.Tests.Interop.Stacks;
using Dapr.Voice.Tests.Interop.Table;
using Xunit;

namespace Dapr.Voice.Tests.Interop;

/// <summary>
/// Stacks that no package of Debian or npm has. Their offers are posted as their clients post them, and the answers are checked. The rest
/// needs the real stack.
/// </summary>
[Collection(ShortRunCollection.Name)]
public sealed class ShapedOfferTests(ShortRun run)
{
    private const string Answered = "answered";
    private const string NeedsTheStack = "–";
    private static readonly Capability[] Shown = [Capability.Udp, Capability.IceTcp];

    [StackFact]
    public Task SipSorcery_Offer_IsAnsweredInItsOwnTerms() => AssertAsync("SIPSorcery", "sipsorcery");

    [StackFact]
    public Task LibPeer_Offer_IsAnsweredInItsOwnTerms() => AssertAsync("libpeer", "libpeer");

    [StackFact]
    public Task EspPeer_Offer_IsAnsweredInItsOwnTerms() => AssertAsync("esp_peer", "esp-peer");

    private async Task AssertAsync(string peer, string vector)
    {
        string offer = await File.ReadAllTextAsync(Checkout.File("tests", "Vectors", "sdp", vector + ".sdp"));
        (int status, string body) = await run.System.PostAsync(offer, "echo");
        Assert.True(status == 201, body);
        SessionDescription offered = Parse(offer), answer = Parse(body);
        Assert.Equal(offered.Media.Select(m => (m.MediaType, m.Protocol)), answer.Media.Select(m => (m.MediaType, m.Protocol)));
        Assert.All(answer.Media, section => Assert.NotEqual(0, section.Port));
        string[] candidates = [.. body.Split("\r\n").Where(line => line.StartsWith("a=candidate:", StringComparison.Ordinal))];
        foreach (string transport in new[] { "udp", "tcp" }) Assert.Contains(candidates, line => line.Split(' ')[2] == transport);
        // A client that says setup:passive wants the ClientHello from us.
        string role = offer.Contains("a=setup:passive", StringComparison.Ordinal) ? "active" : "passive";
        Assert.Contains($"a=setup:{role}", body, StringComparison.Ordinal);
        Assert.Equal(Enum.GetValues<Capability>().Select(c => Shown.Contains(c) ? Answered : NeedsTheStack), InteropTable.Row(peer));
    }

    private static SessionDescription Parse(string sdp)
        => SessionDescription.TryParse(sdp, out SessionDescription? parsed, out SdpError error) ? parsed
        : throw new InvalidOperationException(error.ToString());
}
