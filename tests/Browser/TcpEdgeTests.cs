using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Browser;

/// <summary>Both browsers with a system that uses only TCP, between callers and the relay and behind the relay.</summary>
[Collection(TcpEdgeCollection.Name)]
public sealed class TcpEdgeTests(TcpEdgeSystem system, ITestOutputHelper output)
{
    [ChromiumFact]
    public async Task LocalAgent_TimerInChromium_IsSetAndConfirmedByVoice() => await SetATimerAsync(new ChromiumAtTcpEdge(system));

    [FirefoxFact]
    public async Task LocalAgent_TimerInFirefox_IsSetAndConfirmedByVoice() => await SetATimerAsync(new FirefoxAtTcpEdge(system));

    private async Task SetATimerAsync(BrowserUnderTest browser)
    {
        await browser.InitializeAsync();
        try
        {
            await new Scenarios(browser, output).SetATimerAsync();
        }
        finally
        {
            await browser.DisposeAsync();
        }
    }
}
