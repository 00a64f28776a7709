using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;

namespace Dapr.Voice.Tests.Browser;

/// <summary>Our page in Chromium when a call does not come about. Pictures of each case are kept.</summary>
[Collection(PageCollection.Name)]
public sealed class PageRefusalTests(PageMachine machine)
{
    private const string Again = "Try again", Waits = "Try again in ", OtherKey = "Get a new key, Enter a key";

    private readonly OurPage _page = new(machine.Driver);

    /// <summary>What the API answers, and the panel that it makes: title, a part of the sentence, the words on the buttons.</summary>
    private static readonly (
        int Status, string Code, string Message, int? RetryAfter, string Title, string Text, string Buttons)[] s_refusals =
    [
        (401, "ephemeral_key_expired", "It has expired.", null, "Your key has expired.", "good for a short time", OtherKey),
        (401, "invalid_ephemeral_key", "Not valid here.", null, "The key is not accepted.", "This server did not make it", OtherKey),
        (403, "agent_not_allowed", "It is for 'echo'.", null, "Your key is for another agent.", "'echo'. Choose that agent", OtherKey),
        (403, "call_not_allowed", "Calls are for staff.", null, "Your key does not allow this call.", "Calls are for staff.", OtherKey),
        (404, "agent_not_found", "There is no 'x'.", null, "This agent does not exist.", "There is no 'x'. Choose another", Again),
        (404, "unknown_path", "Nothing.", null, "There is no voice service at this address.", "does not know calls", Again),
        (422, "unsupported_media", "It is no_opus.", null, "Browser and server can't agree on a format.", "It is no_opus.", Again),
        (429, "rate_limit_exceeded", "Slow.", 3600, "Too many calls from here.", "limits how often", Waits),
        (503, "over_capacity", "No room.", 3600, "All lines are busy.", "no room for another call", Waits),
        (503, "service_unavailable", "It starts. Try again shortly.", 3600, "The service is not ready.", "It starts.", Waits),
        (500, "internal_error", "An error.", 3600, "The server failed.", "status 500", Waits),
        (400, "invalid_sdp", "Line 3 is bad.", null, "The server did not understand the call.", "Line 3 is bad.", Again),
    ];

    [PageFact]
    public async Task Refusals_OfACall_HaveTheirOwnWords()
    {
        await _page.OpenAsync(
            [(OurPage.Post, [.. s_refusals.Select(r => OurPage.Error(r.Status, r.Code, r.Message, r.RetryAfter))])]);
        foreach ((int status, string code, string _, int? _, string title, string text, string buttons) in s_refusals)
        {
            await _page.PressTalkAsync();
            await _page.StateAsync("problem");
            await _page.PictureAsync($"refused-{status}-{code.Replace('_', '-')}");

            (string Title, string Text, string Buttons) panel = await _page.PanelAsync();
            Assert.Equal(title, panel.Title);
            Assert.Contains(text, panel.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("shortly", panel.Text, StringComparison.Ordinal);
            Assert.StartsWith(buttons, panel.Buttons, StringComparison.Ordinal);
            Assert.Equal("Not connected", await _page.TextAsync("#status-text"));
            Assert.Equal("Talk", await _page.TextAsync("#call-label"));
            Assert.DoesNotContain("has ended", await _page.TextAsync("main"), StringComparison.Ordinal);
            Assert.False(await _page.IsAsync("document.querySelector('#agent').disabled"));
        }
    }

    [PageFact]
    public async Task Refusal_WithRetryAfter_CountsDownAndThenOffersAnotherTry()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Error(429, "rate_limit_exceeded", "Slow.", retryAfter: 2), OurPage.Call])]);
        await _page.PressTalkAsync();
        await _page.StateAsync("problem");
        bool wasDisabled = await _page.IsAsync("document.querySelector('#panel [data-part=retry]').disabled");
        await _page.WaitForAsync("!document.querySelector('#panel [data-part=retry]').disabled");
        (string Title, string Text, string Buttons) panel = await _page.PanelAsync();
        string status = await _page.TextAsync("#status-text");
        int asked = (await machine.Driver.RequestsAsync(0)).Count(r => r.Path == "/v1/realtime/calls");
        await machine.Driver.ClickAsync("#panel [data-part=retry]");
        await _page.StateAsync("live");

        Assert.True(wasDisabled);
        Assert.Equal("Try again", panel.Buttons);
        Assert.Equal("You can try again now", status);
        // It is the person who tries again.
        Assert.Equal(1, asked);
        Assert.True(await _page.IsAsync("document.querySelector('#panel').hidden"));
    }

    [PageFact]
    public async Task ExpiredKey_NewKeyAskedFor_CallsWithTheNewOne()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Error(401, "ephemeral_key_expired", "Expired."), OurPage.Call])]);
        await _page.PressTalkAsync();
        await _page.StateAsync("problem");
        await machine.Driver.ClickAsync("#panel [data-part=new-key]");
        await _page.StateAsync("live");

        Assert.Equal(["ek_demo", "ek_second"], await KeysOfCallsAsync());
    }

    [PageFact]
    public async Task ExpiredKey_OneEntered_CallsWithThatOne()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Error(401, "ephemeral_key_expired", "Expired."), OurPage.Call])]);
        await _page.PressTalkAsync();
        await _page.StateAsync("problem");
        await machine.Driver.ClickAsync("#panel [data-part=enter-key]");
        await machine.Driver.TypeAsync("#key", "ek_typed");
        await machine.Driver.PressAsync("Enter");
        await _page.StateAsync("live");

        Assert.Equal(["ek_demo", "ek_typed"], await KeysOfCallsAsync());
    }

    [PageFact]
    public async Task NoKeysForPages_KeyIsAskedForAndKeptFromOtherText()
    {
        await _page.OpenAsync([("POST /demo/token", [new JsonObject { ["status"] = 404 }]), (OurPage.Post, [OurPage.Call])]);
        await _page.PressTalkAsync();
        await _page.WaitForAsync("document.querySelector('#key-dialog').open");
        await machine.Driver.TypeAsync("#key", "sk-a-secret");
        await machine.Driver.PressAsync("Enter");
        bool isStillOpen = await _page.IsAsync("document.querySelector('#key-dialog').open");
        await _page.PictureAsync("enter-key");
        await machine.Driver.PressAsync("Escape");
        (string Title, string Text, string Buttons) panel = await _page.PanelAsync();
        await machine.Driver.ClickAsync("#panel [data-part=enter-key]");
        await machine.Driver.TypeAsync("#key", "ek_typed");
        await machine.Driver.ClickAsync("#key-ok");
        await _page.StateAsync("live");

        // An API key is for servers. It is not sent.
        Assert.True(isStillOpen);
        Assert.Equal(("This server wants a key.", "Enter a key"), (panel.Title, panel.Buttons));
        Assert.Equal(["ek_typed"], await KeysOfCallsAsync());
    }

    /// <summary>A link to our page must not send anybody's voice or key to a server of its author's.</summary>
    [PageFact]
    public async Task OtherServer_PersonDeclines_NothingIsSentThere()
    {
        string other = await OpenOtherServerAsync();
        await _page.PressTalkAsync();
        await _page.WaitForAsync("document.querySelector('#server-dialog').open");
        string question = await _page.TextAsync("#server-dialog");
        string focused = (string)(await machine.Driver.EvaluateAsync("document.activeElement.innerText"))!;
        await _page.PictureAsync("other-server");
        await machine.Driver.PressAsync("Escape");

        Assert.Contains(other, question, StringComparison.Ordinal);
        Assert.Equal("Cancel", focused);
        Assert.Contains(other, await _page.TextAsync("#elsewhere"), StringComparison.Ordinal);
        Assert.Equal("idle", await _page.StateOfPageAsync());
        Assert.Empty(await machine.Driver.RequestsAsync(1));
    }

    [PageFact]
    public async Task OtherServer_PersonAgrees_AsksForAKeyAndSendsItThereOnly()
    {
        await OpenOtherServerAsync();
        await _page.PressTalkAsync();
        await _page.WaitForAsync("document.querySelector('#server-dialog').open");
        await machine.Driver.ClickAsync("#server-ok");
        await _page.WaitForAsync("document.querySelector('#key-dialog').open");
        await machine.Driver.TypeAsync("#key", "ek_typed");
        await machine.Driver.PressAsync("Enter");
        await _page.StateAsync("live");

        Assert.Equal(["ek_typed"], (await machine.Driver.RequestsAsync(1)).Select(r => r.Key));
        Assert.DoesNotContain(await machine.Driver.RequestsAsync(0), r => r.Path == "/v1/realtime/calls");
    }

    [PageFact]
    public async Task Server_Unreachable_SaysSo()
    {
        await _page.OpenAsync([], "?server=http://127.0.0.1:9");
        await _page.PressTalkAsync();
        await machine.Driver.ClickAsync("#server-ok");
        await _page.WaitForAsync("document.querySelector('#key-dialog').open");
        await machine.Driver.TypeAsync("#key", "ek_typed");
        await machine.Driver.PressAsync("Enter");
        await _page.WaitForAsync("document.querySelector('#panel [data-part=title]').innerText === `The server can't be reached.`");
        await _page.PictureAsync("unreachable");

        Assert.Contains("http://127.0.0.1:9", (await _page.PanelAsync()).Text, StringComparison.Ordinal);
    }

    [PageFact]
    public async Task Microphone_DoesNotOpen_SaysWhyAndNoKeyIsAskedFor()
    {
        await machine.Driver.PrepareAsync(
            "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', window.microphoneError))");
        await _page.OpenAsync([]);
        await machine.Driver.PrepareAsync(null);
        foreach ((string error, string title) in ((string, string)[])[("NotAllowedError", "The microphone is blocked."),
            ("NotFoundError", "There is no microphone."), ("NotReadableError", "The microphone is in use.")])
        {
            await machine.Driver.EvaluateAsync($"window.microphoneError = '{error}'");
            await _page.PressTalkAsync();
            await _page.StateAsync("problem");
            await _page.PictureAsync($"microphone-{error}");
            Assert.Equal((title, Again), ((await _page.PanelAsync()).Title, (await _page.PanelAsync()).Buttons));
        }
        Assert.DoesNotContain(await machine.Driver.RequestsAsync(0), r => r.Path == "/demo/token");
    }

    /// <summary>The limit of 15 s is over at once here.</summary>
    [PageFact]
    public async Task Server_TakesTheOfferAndSaysNothing_SaysSo()
    {
        await machine.Driver.PrepareAsync(
            "{ const { setTimeout: real } = window; window.setTimeout = (f, ms, ...rest) => real(f, ms === 15000 ? 200 : ms, ...rest); }");
        await _page.OpenAsync([(OurPage.Post, [new JsonObject { ["hang"] = true }])]);
        await machine.Driver.PrepareAsync(null);
        await _page.PressTalkAsync();
        await _page.StateAsync("problem");
        await _page.PictureAsync("no-answer");

        Assert.Equal("The server takes too long.", (await _page.PanelAsync()).Title);
    }

    private async Task<string> OpenOtherServerAsync()
    {
        string other = machine.Driver.ScriptedOrigins[1];
        await machine.Driver.ScriptAsync(1, new JsonObject { [OurPage.Post] = new JsonArray(OurPage.Call) });
        await _page.OpenAsync([], "?server=" + other);
        return other;
    }

    private async Task<IEnumerable<string?>> KeysOfCallsAsync()
        => (await machine.Driver.RequestsAsync(0)).Where(r => r.Path == "/v1/realtime/calls").Select(r => r.Key);
}
