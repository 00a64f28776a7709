using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Browser;

/// <summary>Headless Firefox ESR with the unmodified OpenAI Agents SDK. The page and the API have two origins.</summary>
[Collection(BrowserCollection.Name)]
public sealed class FirefoxTests(FirefoxUnderTest browser, ITestOutputHelper output) : IClassFixture<FirefoxUnderTest>
{
    private readonly Scenarios _scenarios = new(browser, output);

    [FirefoxFact]
    public Task Connect_TwentyTimes_SessionUpdatedInTime() => _scenarios.ConnectTwentyTimesAsync();

    [FirefoxFact]
    public Task Echo_SpokenWords_ComeBack() => _scenarios.EchoAsync();

    [FirefoxFact]
    public Task LocalAgent_SpokenQuestion_IsHeardAndAnsweredIntelligibly() => _scenarios.WhatTimeIsItAsync(usesSdkDefaults: false);

    [FirefoxFact]
    public Task LocalAgent_WithTheSdksDefaults_IsHeardAndAnsweredIntelligibly() => _scenarios.WhatTimeIsItAsync(usesSdkDefaults: true);

    [FirefoxFact]
    public Task LocalAgent_Timer_IsSetByThePageAndConfirmedByVoice() => _scenarios.SetATimerAsync();

    [FirefoxFact]
    public Task LocalAgent_InterruptedStory_FallsSilent() => _scenarios.BargeInAsync();

    [FirefoxFact]
    public Task Call_EndedByThePage_RecordSaysClientHangup() => _scenarios.PageHangsUpAsync();

    [FirefoxFact]
    public Task Call_EndedByTheServer_SdkIsDisconnectedInTheEnd() => _scenarios.ServerHangsUpAsync(TimeSpan.FromSeconds(25));

    [FirefoxFact]
    public Task OurPage_Opened_ConnectsWithoutComplaint() => _scenarios.OurPageAsync(hearsWords: false);
}
