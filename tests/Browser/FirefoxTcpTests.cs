using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Browser;

/// <summary>
/// Headless Firefox ESR over ICE-TCP. The edge has UDP, too, and the browser does not see the answer's UDP candidates. Firefox needs no
/// preference for ICE-TCP.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class FirefoxTcpTests(FirefoxUnderTest browser, ITestOutputHelper output) : IClassFixture<FirefoxUnderTest>
{
    private readonly Scenarios _scenarios = new(browser, output, withheldTransport: "udp");
    private readonly TransportScenarios _transports = new(browser, output);

    [FirefoxFact]
    public Task Connect_OverEachTransport_TakesUdpWhereOffered() => _transports.ConnectsAsync();

    [FirefoxFact]
    public Task Echo_OverEachTransport_ComesBack() => _transports.EchoDelayAsync();

    [FirefoxFact]
    public Task LocalAgent_SpokenQuestion_IsHeardAndAnsweredIntelligibly() => _scenarios.WhatTimeIsItAsync(usesSdkDefaults: false);

    [FirefoxFact]
    public Task Connections_ResetInMidCall_AreMadeAgain() => _transports.ResetAsync(TimeSpan.FromSeconds(8));

    [FirefoxFact]
    public Task Relay_KilledInMidCall_IsFoundAgain() => _transports.RelayKilledAsync(TimeSpan.FromSeconds(10));
}
