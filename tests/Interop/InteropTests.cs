using Dapr.Voice.Tests.Interop.Calls;
using Dapr.Voice.Tests.Interop.Stacks;
using Dapr.Voice.Tests.Interop.Table;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Interop;

/// <summary>What every peer can do, but for the calls of ten minutes. docs/interop.md has the table.</summary>
[Collection(ShortRunCollection.Name)]
public sealed class InteropTests(ShortRun run, ITestOutputHelper output)
{
    private static readonly Capability[] Capabilities = [.. Enum.GetValues<Capability>().Where(c => c != Capability.TenMinutes)];

    [StackFact("Chromium")]
    public Task Chromium_Calls_WorkAsTheTableSays() => AssertAsync("Chromium");

    [StackFact("Firefox")]
    public Task Firefox_Calls_WorkAsTheTableSays() => AssertAsync("Firefox");

    [StackFact("@roamhq/wrtc")]
    public Task Wrtc_Calls_WorkAsTheTableSays() => AssertAsync("@roamhq/wrtc");

    [StackFact("node-datachannel")]
    public Task NodeDataChannel_Calls_WorkAsTheTableSays() => AssertAsync("node-datachannel");

    [StackFact("werift")]
    public Task Werift_Calls_WorkAsTheTableSays() => AssertAsync("werift");

    [StackFact("aiortc")]
    public Task Aiortc_Calls_WorkAsTheTableSays() => AssertAsync("aiortc");

    [StackFact("GStreamer")]
    public Task GStreamer_Calls_WorkAsTheTableSays() => AssertAsync("GStreamer");

    [StackFact("pion")]
    public Task Pion_Calls_WorkAsTheTableSays() => AssertAsync("pion");

    [StackFact]
    public async Task Table_OfTheDocument_SaysWhatThePeersShowed()
    {
        IReadOnlyList<Report> reports = await run.ReportsAsync();
        Assert.NotEmpty(reports);
        Assert.Empty(InteropTable.Compare(reports, Capabilities));
    }

    private async Task AssertAsync(string stack) => (await run.ReportAsync(stack)).Assert(Capabilities, output);
}
