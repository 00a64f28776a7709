using Dapr.Voice.Tests.Interop.Calls;
using Dapr.Voice.Tests.Interop.Stacks;
using Dapr.Voice.Tests.Interop.Table;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Interop;

/// <summary>Calls of ten minutes over each transport that a peer has, all at the same time. Every cut-off timer shows here.</summary>
public sealed class TenMinuteTests(LongRun run, ITestOutputHelper output) : IClassFixture<LongRun>
{
    private static readonly Capability[] Capabilities = [Capability.TenMinutes];

    [StackFact("Chromium")]
    public Task Chromium_CallOfTenMinutes_IsStillAnswered() => AssertAsync("Chromium");

    [StackFact("Firefox")]
    public Task Firefox_CallOfTenMinutes_IsStillAnswered() => AssertAsync("Firefox");

    [StackFact("@roamhq/wrtc")]
    public Task Wrtc_CallOfTenMinutes_IsStillAnswered() => AssertAsync("@roamhq/wrtc");

    [StackFact("node-datachannel")]
    public Task NodeDataChannel_CallOfTenMinutes_IsStillAnswered() => AssertAsync("node-datachannel");

    [StackFact("werift")]
    public Task Werift_CallOfTenMinutes_IsStillAnswered() => AssertAsync("werift");

    [StackFact("aiortc")]
    public Task Aiortc_CallOfTenMinutes_IsStillAnswered() => AssertAsync("aiortc");

    [StackFact("GStreamer")]
    public Task GStreamer_CallOfTenMinutes_IsStillAnswered() => AssertAsync("GStreamer");

    [StackFact("pion")]
    public Task Pion_CallOfTenMinutes_IsStillAnswered() => AssertAsync("pion");

    [StackFact]
    public async Task Table_OfTheDocument_SaysWhatThePeersShowed()
    {
        IReadOnlyList<Report> reports = await run.ReportsAsync();
        Assert.NotEmpty(reports);
        Assert.Empty(InteropTable.Compare(reports, Capabilities));
    }

    private async Task AssertAsync(string stack) => (await run.ReportAsync(stack)).Assert(Capabilities, output);
}
