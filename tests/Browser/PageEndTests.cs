using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;

namespace Dapr.Voice.Tests.Browser;

/// <summary>Our page in Chromium when a call ends, and when the machine's address changes in mid-call. Pictures are kept.</summary>
[Collection(PageCollection.Name)]
public sealed class PageEndTests(PageMachine machine)
{
    private const string CallIdShown = "#panel [data-part=id]";

    private readonly OurPage _page = new(machine.Driver);

    /// <summary>
    /// The words of the record, each with the title and a part of the sentence that it makes.
    /// </summary>
    private static readonly (string Word, string Title, string Text)[] s_reasons =
    [
        ("api_hangup", "The other side hung up.", "A service or an operator"),
        ("limit_reached", "The time of this call is up.", ""),
        ("drain", "This server is being replaced.", "another server answers"),
        ("agent_failed", "The agent has failed.", "did not come back in time"),
        ("owner_lost", "The server of this call has failed.", "another server answers"),
        ("consent_expired", "The connection was lost.", "heard nothing from this browser"),
        ("no_room", "All lines are busy.", "Call again in a moment"),
        ("error", "The server made a mistake.", "The call id below"),
    ];

    [PageFact]
    public async Task EndedByTheServer_SaidOnTheEventsChannel_TellsWhyAndOffersToCallAgain()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call])]);
        await _page.ConnectAsync();
        foreach ((string word, string title, string text) in s_reasons)
        {
            await _page.SayAsync($"{{ type: 'error', error: {{ type: 'session_ended', code: '{word}', message: 'So it is.' }} }}");
            await EndAsync();
            await _page.PictureAsync($"ended-{word.Replace('_', '-')}");
            (string Title, string Text, string Buttons) panel = await _page.PanelAsync();
            Assert.Equal((title, "Call again"), (panel.Title, panel.Buttons));
            Assert.Contains(text, panel.Text, StringComparison.Ordinal);
            Assert.Equal(("Call ended", OurPage.CallId), (await _page.TextAsync("#status-text"), await _page.TextAsync(CallIdShown)));
            await machine.Driver.ClickAsync("#panel [data-part=retry]");
            await _page.StateAsync("live");
        }
        // The event is the answer. Nobody is asked.
        Assert.DoesNotContain(await machine.Driver.RequestsAsync(0), r => r.Path == OurPage.CallPath);
    }

    [PageFact]
    public async Task EndedByTheServer_NothingSaid_AsksForTheRecordWithTheKeyOfTheCall()
    {
        string[] words = ["api_hangup", "limit_reached", "consent_expired"];
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call]), ("POST /demo/token", [OurPage.Key("ek_demo")]),
            // The owner writes the end a moment after the caller notices it.
            (OurPage.Get, [.. words.SelectMany(word => new[] { OurPage.Record("ending", null), OurPage.Record("ended", word, 120) })])]);
        foreach (string word in words)
        {
            await _page.ConnectAsync();
            await EndAsync();
            await _page.WaitForAsync("!document.querySelector('#panel').innerText.includes('Asking')");
            (string Title, string Text, string Buttons) panel = await _page.PanelAsync();
            Assert.Equal(s_reasons.First(r => r.Word == word).Title, panel.Title);
            Assert.Contains(word is "limit_reached" ? "2 minutes at most" : "", panel.Text, StringComparison.Ordinal);
        }
        Assert.All((await machine.Driver.RequestsAsync(0)).Where(r => r.Path == OurPage.CallPath), r => Assert.Equal("ek_demo", r.Key));
    }

    /// <summary>A word that the page does not know yet comes with the server's own sentence.</summary>
    [PageFact]
    public async Task EndedByTheServer_ForANewReason_ShowsTheServersSentence()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call])]);
        await _page.ConnectAsync();
        await _page.SayAsync("{ type: 'error', error: { type: 'session_ended', code: 'tea_time', message: 'It is time for tea.' } }");
        await machine.Driver.FarEndAsync("farEnd.end()");
        await _page.WaitForAsync("document.querySelector('#panel [data-part=text]').innerText === 'It is time for tea.'");

        Assert.Equal("The server ended the call.", (await _page.PanelAsync()).Title);
    }

    [PageFact]
    public async Task EndedByTheServer_RecordUnknown_SaysThatNobodySaidWhy()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call])]);
        await _page.ConnectAsync();
        await machine.Driver.FarEndAsync("farEnd.end()");
        await _page.WaitForAsync("document.querySelector('#panel [data-part=text]').innerText === 'The server did not say why.'");
        await _page.PictureAsync("ended-without-a-word");

        Assert.Equal(("The connection has ended.", OurPage.CallId),
            ((await _page.PanelAsync()).Title, await _page.TextAsync(CallIdShown)));
    }

    [PageFact]
    public async Task EndedByTheServer_BeforeItWasUp_SaysWhyAndNotThatItIsReady()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call]), (OurPage.Get, [OurPage.Record("ended", "agent_failed")])]);
        // The far end takes the offer, and goes when the channel opens.
        await machine.Driver.FarEndAsync("farEnd.goesAtOnce = true");
        await _page.PressTalkAsync();
        await _page.StateAsync("problem");

        Assert.Equal("The agent has failed.", (await _page.PanelAsync()).Title);
        Assert.Equal(OurPage.CallId, await _page.TextAsync(CallIdShown));
    }

    [PageFact]
    public async Task CallId_Copied_IsOnTheClipboard()
    {
        await machine.Driver.PrepareAsync("navigator.clipboard.writeText = async (text) => { window.copied = text; }");
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call])]);
        await machine.Driver.PrepareAsync(null);
        await _page.ConnectAsync();
        await machine.Driver.FarEndAsync("farEnd.end()");
        await _page.WaitForAsync("!document.querySelector('#panel').hidden");
        await machine.Driver.ClickAsync("#panel [data-part=copy]");
        await _page.WaitForAsync($"window.copied === '{OurPage.CallId}'");

        Assert.Equal("Copied", await _page.TextAsync("#panel [data-part=copy]"));
    }

    [PageFact]
    public async Task HangUp_ByThePerson_IsReadyAgainWithoutAQuestionToTheServer()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call])]);
        await _page.ConnectAsync();
        await _page.PressTalkAsync();
        await _page.StateAsync("idle");

        Assert.Equal("Ready", await _page.TextAsync("#status-text"));
        Assert.True(await _page.IsAsync("document.querySelector('#panel').hidden"));
        Assert.DoesNotContain(await machine.Driver.RequestsAsync(0), r => r.Path == OurPage.CallPath);
    }

    /// <summary>Wi-Fi to mobile: the address that the call began with is gone, and the call goes on from another.</summary>
    [PageFact(ChangesAddress = true)]
    public async Task AddressChange_InMidCall_RestartsIceAndTheCallGoesOn()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call]), (OurPage.Patch, [new JsonObject { ["restart"] = true }])]);
        await _page.ConnectAsync();
        try
        {
            machine.ChangeAddress(BrowserSystem.Address, BrowserSystem.OtherAddress);
            await _page.StateAsync("reconnecting");
            await _page.PictureAsync("reconnecting");
            await _page.StateAsync("live");
            await _page.WaitForAsync("document.querySelector('#transcript').innerText.includes('The connection is back')");
            // The events channel of before carries the conversation on.
            await _page.SayAsync("{ type: 'response.output_audio_transcript.done', item_id: 'item_1', transcript: 'Still here.' }");
            await _page.WaitForAsync("document.querySelector('#transcript').innerText.includes('Still here.')");
        }
        finally
        {
            machine.ChangeAddress(BrowserSystem.OtherAddress, BrowserSystem.Address);
            await machine.Driver.WaitForAddressAsync(BrowserSystem.Address);
        }

        IReadOnlyList<ScriptedRequest> requests = await machine.Driver.RequestsAsync(0);
        Assert.Single(requests, r => r.Method == "POST" && r.Path == "/v1/realtime/calls");
        Assert.All(requests.Where(r => r.Method == "PATCH"), r => Assert.Equal(("ek_demo", "application/sdp"), (r.Key, r.ContentType)));
        Assert.Contains(requests, r => r.Method == "PATCH");
    }

    /// <summary>The browser says that the network is another before packets are missed.</summary>
    [PageFact]
    public async Task Online_InMidCall_RestartsIceWithNewCredentials()
    {
        await machine.Driver.PrepareAsync("""
            { const set = RTCPeerConnection.prototype.setLocalDescription;
              window.ufrags = [];
              RTCPeerConnection.prototype.setLocalDescription = async function (description) {
                await set.call(this, description);
                window.ufrags.push(/a=ice-ufrag:(.*)/.exec(this.localDescription?.sdp)?.[1]);
              }; }
            """);
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call]), (OurPage.Patch, [new JsonObject { ["restart"] = true }])]);
        await machine.Driver.PrepareAsync(null);
        await _page.ConnectAsync();
        await machine.Driver.EvaluateAsync("dispatchEvent(new Event('online'))");
        await _page.WaitForAsync("document.querySelector('#transcript').innerText.includes('The connection is back')");
        await _page.StateAsync("live");

        Assert.Equal(2, (await machine.Driver.EvaluateAsync("[...new Set(window.ufrags)]"))!.AsArray().Count);
        Assert.Single(await machine.Driver.RequestsAsync(0), r => r.Method == "PATCH");
    }

    /// <summary>A server that does not restart ICE, or not now, does not end a call whose path is fine.</summary>
    [PageFact]
    public async Task Restart_RefusedWhileThePathIsUp_KeepsTheCall()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call]),
            (OurPage.Patch, [OurPage.Error(405, "no", "No."), OurPage.Error(409, "no", "No."), OurPage.Error(503, "no", "No.", 1)])]);
        await _page.ConnectAsync();
        for (int refusals = 1; refusals <= 3; refusals++)
        {
            await machine.Driver.EvaluateAsync("dispatchEvent(new Event('online'))");
            await _page.WaitForAsync(
                $"document.querySelector('#transcript').innerText.split('The connection is back').length === {refusals + 1}");
            await _page.StateAsync("live");
        }
        await _page.SayAsync("{ type: 'response.output_audio_transcript.done', item_id: 'item_1', transcript: 'Still here.' }");
        await _page.WaitForAsync("document.querySelector('#transcript').innerText.includes('Still here.')");

        Assert.Equal(3, (await machine.Driver.RequestsAsync(0)).Count(r => r.Method == "PATCH"));
    }

    [PageTheory]
    [InlineData(404, "call_not_found")]
    [InlineData(409, "call_not_connected")]
    [InlineData(409, "call_of_earlier_version")]
    public async Task Restart_OfACallThatIsGone_SaysThatTheConnectionIsLostAndOffersToCallAgain(int status, string code)
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call]), (OurPage.Patch, [OurPage.Error(status, code, "No.")])]);
        await _page.ConnectAsync();
        await machine.Driver.EvaluateAsync("dispatchEvent(new Event('online'))");
        await _page.WaitForAsync("document.querySelector('#panel [data-part=title]').innerText === 'The connection was lost.'");
        await _page.PictureAsync("ended-lost");
        await machine.Driver.ClickAsync("#panel [data-part=retry]");
        await _page.StateAsync("live");
    }

    /// <summary>The far end goes, and the page has noticed it.</summary>
    private async Task EndAsync()
    {
        await machine.Driver.FarEndAsync("farEnd.end()");
        await _page.StateAsync("ended");
        await _page.WaitForAsync("!document.querySelector('#panel').hidden");
    }
}
