using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Browser;

/// <summary>Headless Chromium with the unmodified OpenAI Agents SDK. The page and the API have two origins.</summary>
[Collection(BrowserCollection.Name)]
public sealed class ChromiumTests(ChromiumUnderTest browser, ITestOutputHelper output) : IClassFixture<ChromiumUnderTest>
{
    private readonly Scenarios _scenarios = new(browser, output);

    [ChromiumFact]
    public Task Connect_TwentyTimes_SessionUpdatedInTime() => _scenarios.ConnectTwentyTimesAsync();

    [ChromiumFact]
    public Task Echo_SpokenWords_ComeBack() => _scenarios.EchoAsync();

    [ChromiumFact]
    public Task LocalAgent_SpokenQuestion_IsHeardAndAnsweredIntelligibly() => _scenarios.WhatTimeIsItAsync(usesSdkDefaults: false);

    [ChromiumFact]
    public Task LocalAgent_WithTheSdksDefaults_IsHeardAndAnsweredIntelligibly() => _scenarios.WhatTimeIsItAsync(usesSdkDefaults: true);

    [ChromiumFact]
    public Task LocalAgent_Timer_IsSetByThePageAndConfirmedByVoice() => _scenarios.SetATimerAsync();

    [ChromiumFact]
    public Task LocalAgent_InterruptedStory_FallsSilent() => _scenarios.BargeInAsync();

    [ChromiumFact]
    public Task Call_EndedByThePage_RecordSaysClientHangup() => _scenarios.PageHangsUpAsync();

    [ChromiumFact]
    public Task Call_EndedByTheServer_SdkIsDisconnectedSoon() => _scenarios.ServerHangsUpAsync(TimeSpan.FromSeconds(4));

    [ChromiumFact]
    public Task OurPage_Opened_ConnectsWithoutComplaint() => _scenarios.OurPageAsync(hearsWords: true);

    [PageFact(ChangesAddress = true)]
    public Task OurPage_AddressChanges_TheConversationGoesOn() => _scenarios.OurPageAddressChangesAsync();

    [ChromiumFact]
    public Task OurPage_RefusedOrEndedByTheServer_SaysWhy() => _scenarios.OurPageSaysWhyAsync();
}
