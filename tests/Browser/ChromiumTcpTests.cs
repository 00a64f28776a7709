using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Browser;

/// <summary>
/// Headless Chromium over ICE-TCP. The edge has UDP, too, and the browser does not see the answer's UDP candidates.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class ChromiumTcpTests(ChromiumUnderTest browser, ITestOutputHelper output) : IClassFixture<ChromiumUnderTest>
{
    private readonly Scenarios _scenarios = new(browser, output, withheldTransport: "udp");
    private readonly TransportScenarios _transports = new(browser, output);

    [ChromiumFact]
    public Task Connect_OverEachTransport_TakesUdpWhereOffered() => _transports.ConnectsAsync();

    [ChromiumFact]
    public Task Echo_OverEachTransport_ComesBack() => _transports.EchoDelayAsync();

    [ChromiumFact]
    public Task LocalAgent_InterruptedStory_FallsSilent() => _scenarios.BargeInAsync();

    [ChromiumFact]
    public Task Connections_ResetInMidCall_AreMadeAgain() => _transports.ResetAsync(TimeSpan.FromSeconds(6));

    [ChromiumFact]
    public Task Relay_KilledInMidCall_IsFoundAgain() => _transports.RelayKilledAsync(TimeSpan.FromSeconds(10));
}
