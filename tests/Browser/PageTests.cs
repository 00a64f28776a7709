using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Browser.Calls;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;
using Xunit;

namespace Dapr.Voice.Tests.Browser;

/// <summary>Our page in Chromium before and during a call: what it shows, and how it is used without a mouse or without colours.</summary>
[Collection(PageCollection.Name)]
public sealed class PageTests(PageMachine machine)
{
    private const string LongStory = "Once upon a time there was a small relay that carried voices over the sea, from shore to shore.";

    private readonly OurPage _page = new(machine.Driver);

    [PageFact]
    public async Task Idle_Page_HasAHeadingAndSixTilesInEqualRows()
    {
        await OpenAsync();
        await _page.PictureAsync("idle");

        Assert.Equal("Dapr.Voice", await _page.TextAsync("h1"));
        Assert.Equal([3, 3], await TilesPerRowAsync(1280, 800));
        Assert.Equal([4], await TilesPerRowAsync(390, 844));
        // Nothing is wider than a small phone.
        await machine.Driver.SetViewportAsync(320, 640, 1);
        Assert.True(await _page.IsAsync("document.documentElement.scrollWidth <= 320"));
    }

    [PageFact]
    public async Task Call_WhileItRuns_DisablesTheAgentPicker()
    {
        await OpenAsync();
        await _page.ConnectAsync();
        bool isDisabled = await _page.IsAsync("document.querySelector('#agent').disabled");
        await _page.PressTalkAsync();
        await _page.StateAsync("idle");

        Assert.True(isDisabled);
        Assert.False(await _page.IsAsync("document.querySelector('#agent').disabled"));
    }

    [PageFact]
    public async Task Suggestion_Tapped_CallsAndIsSaidInWriting()
    {
        await OpenAsync();
        await machine.Driver.ClickAsync("#sayings button");
        await _page.WaitForAsync("document.querySelector('#transcript .you .bubble')?.innerText === 'What time is it?'");
        JsonArray received = (await machine.Driver.FarEndAsync("farEnd.received"))!.AsArray();

        JsonNode created = received.Single(m => (string)m!["type"]! == "conversation.item.create")!;
        Assert.Equal("input_text", (string?)created["item"]!["content"]![0]!["type"]);
        Assert.Contains(received, m => (string)m!["type"]! == "response.create");
    }

    [PageFact]
    public async Task Suggestions_OfAnAgentWithoutWords_AreAHintAndNoButtons()
    {
        await _page.OpenAsync([(OurPage.Post, [OurPage.Call])], "?agent=echo");

        Assert.Contains("you hear yourself", await _page.TextAsync("#sayings-hint"), StringComparison.Ordinal);
        Assert.True(await _page.IsAsync("document.querySelector('#sayings').hidden"));
    }

    /// <summary>Text runs ahead of the voice. After an interruption only what was heard remains.</summary>
    [PageFact]
    public async Task Answer_Interrupted_IsCutToWhatWasHeard()
    {
        await OpenAsync();
        await _page.ConnectAsync();
        await _page.SayAsync("{ type: 'output_audio_buffer.started', response_id: 'r1' }");
        await _page.SayAsync($"{{ type: 'response.output_audio_transcript.delta', item_id: 'item_1', delta: '{LongStory}' }}");
        await _page.SayAsync("{ type: 'output_audio_buffer.cleared', response_id: 'r1' }");
        await _page.SayAsync("{ type: 'conversation.item.truncated', item_id: 'item_1', content_index: 0, audio_end_ms: 1600 }");
        await _page.WaitForAsync("document.querySelector('#transcript .agent .bubble')?.innerText === 'Once upon a time there …'");
        // The words that follow were never heard.
        await _page.SayAsync($"{{ type: 'response.output_audio_transcript.done', item_id: 'item_1', transcript: '{LongStory}' }}");
        await _page.SayAsync("{ type: 'response.output_audio_transcript.done', item_id: 'item_2', transcript: 'Yes?' }");
        await _page.WaitForAsync("document.querySelectorAll('#transcript .agent').length === 2");
        await _page.PictureAsync("interrupted");

        Assert.Equal("Once upon a time there …", await _page.TextAsync("#transcript .agent .bubble"));
        Assert.Contains("interrupted", await _page.TextAsync("#transcript .agent .meta"), StringComparison.Ordinal);
    }

    [PageFact]
    public async Task Stop_WhenNothingPlays_MarksNoAnswerAsInterrupted()
    {
        await OpenAsync();
        await _page.ConnectAsync();
        await _page.SayAsync("{ type: 'output_audio_buffer.started', response_id: 'r1' }");
        await _page.SayAsync("{ type: 'response.output_audio_transcript.done', item_id: 'item_1', transcript: 'It is noon.' }");
        await _page.SayAsync("{ type: 'output_audio_buffer.stopped', response_id: 'r1' }");
        await _page.SayAsync("{ type: 'output_audio_buffer.cleared' }");
        await _page.SayAsync("{ type: 'response.output_audio_transcript.done', item_id: 'item_2', transcript: 'Yes?' }");
        await _page.WaitForAsync("document.querySelectorAll('#transcript .agent').length === 2");

        Assert.DoesNotContain("interrupted", await _page.TextAsync("#transcript"), StringComparison.Ordinal);
    }

    /// <summary>The silence that ends a turn is a setting. The colour judges what comes on top of it.</summary>
    [PageFact]
    public async Task Latency_OfAnAnswer_IsJudgedBesideTheSilenceSetting()
    {
        await OpenAsync();
        string paces = (string)(await machine.Driver.EvaluateAsync("""
            import('/modules/latency.js').then(({ pace }) =>
                [[790, 500], [790, 200], [1090, 500], [1101, 500], [1500, 1200]].map(([ms, silence]) => pace(ms, silence)).join(' '))
            """))!;

        Assert.Equal("fast fair fair slow fast", paces);
    }

    [PageFact]
    public async Task Call_WithAnAnswer_ShowsItsTimeAndTheMeaningOfIt()
    {
        await OpenAsync();
        await _page.ConnectAsync();
        await _page.SayAsync("{ type: 'input_audio_buffer.speech_started', item_id: 'item_1', audio_start_ms: 0 }");
        await _page.SayAsync("{ type: 'input_audio_buffer.speech_stopped', item_id: 'item_1', audio_end_ms: 900 }");
        await _page.SayAsync("{ type: 'input_audio_buffer.committed', item_id: 'item_1', previous_item_id: null }");
        await machine.Driver.FarEndAsync("farEnd.sound(true)");
        await _page.SayAsync(
            "{ type: 'conversation.item.input_audio_transcription.completed', item_id: 'item_1', transcript: 'What time is it?' }");
        await _page.SayAsync("{ type: 'output_audio_buffer.started', response_id: 'r1' }");
        await _page.SayAsync(
            "{ type: 'response.output_audio_transcript.done', item_id: 'item_2', transcript: 'It is twelve minutes past three.' }");
        await _page.WaitForAsync("document.querySelector('#transcript .agent .chip')");
        await _page.PictureAsync("live");
        await machine.Driver.FarEndAsync("farEnd.sound(false)");

        Assert.Contains("500 ms of it are the silence", (string)(await machine.Driver.EvaluateAsync(
            "document.querySelector('#transcript .agent .chip').title"))!, StringComparison.Ordinal);
        Assert.EndsWith(" ms", await _page.TextAsync("#last"), StringComparison.Ordinal);
    }

    [PageFact]
    public async Task Keyboard_FromTheTop_ReachesEveryControlInOrderAndCalls()
    {
        await OpenAsync();
        var reached = new List<string>();
        for (int i = 0; i < 7; i++)
        {
            await machine.Driver.PressAsync("Tab");
            reached.Add((string)(await machine.Driver.EvaluateAsync("document.activeElement.id || document.activeElement.innerText"))!);
            Assert.True(await _page.IsAsync("getComputedStyle(document.activeElement).outlineStyle !== 'none'"), reached[^1]);
        }
        await machine.Driver.PressAsync("h");
        await _page.StateAsync("live");
        await machine.Driver.PressAsync("m");
        bool isMuted = await _page.IsAsync("document.querySelector('#mute').getAttribute('aria-pressed') === 'true'");
        await machine.Driver.PressAsync("h");
        await _page.StateAsync("idle");

        Assert.Equal(["Skip to the call button", "agent", "theme", "call", "What time is it?", "Tell me a long story",
            "Set a timer for one minute"], reached);
        Assert.True(isMuted);
    }

    /// <summary>The server ends the call while the focus is on a button that this disables.</summary>
    [PageFact]
    public async Task Focus_OnAButtonThatTheEndDisables_MovesToTheCallButton()
    {
        await OpenAsync();
        await _page.ConnectAsync();
        await machine.Driver.EvaluateAsync("document.querySelector('#stop').focus()");
        await machine.Driver.FarEndAsync("farEnd.end()");
        await _page.StateAsync("ended");

        Assert.Equal("call", (string?)await machine.Driver.EvaluateAsync("document.activeElement.id"));
    }

    [PageFact]
    public async Task States_AreSaidToScreenReaders()
    {
        await OpenAsync();

        Assert.True(await _page.IsAsync("document.querySelector('#status-text').role === 'status'"));
        Assert.True(await _page.IsAsync("document.querySelector('#panel [data-part=title]').closest('[role=alert]')"));
        // Seconds that count down are not read aloud.
        Assert.False(await _page.IsAsync(
            "document.querySelector('#panel [data-part=retry]').closest('[role=alert], [role=status], [aria-live]')"));
        Assert.True(await _page.IsAsync("document.querySelector('#transcript').role === 'log'"));
        Assert.Empty((await machine.Driver.EvaluateAsync("""
            [...document.querySelectorAll('button, select, input')]
                .filter(e => !(e.ariaLabel || e.labels?.length || e.textContent.trim())).map(e => e.outerHTML)
            """))!.AsArray());
    }

    /// <summary>WCAG 2.2, 1.4.3: text has a contrast of 4.5 at least, or of 3 if it is large.</summary>
    [PageTheory]
    [InlineData("light")]
    [InlineData("dark")]
    public async Task Contrast_OfAllText_IsReadable(string scheme)
    {
        await machine.Driver.PrepareAsync("localStorage.removeItem('theme')");
        await _page.OpenAsync([(OurPage.Post, [OurPage.Error(401, "ephemeral_key_expired", "Expired."), OurPage.Call])]);
        await machine.Driver.PrepareAsync(null);
        await machine.Driver.SetMediaAsync(("prefers-color-scheme", scheme));
        await _page.WaitForAsync($"document.documentElement.dataset.theme === '{scheme}'");
        await _page.PictureAsync($"idle-{scheme}");
        List<string> faint = await FaintAsync();
        await _page.PressTalkAsync();
        await _page.StateAsync("problem");
        await _page.PictureAsync($"refused-{scheme}");
        faint.AddRange(await FaintAsync());
        await machine.Driver.ClickAsync("#panel [data-part=new-key]");
        await _page.StateAsync("live");
        await _page.SayAsync("{ type: 'conversation.item.input_audio_transcription.completed', item_id: 'item_1', transcript: 'Stop.' }");
        await _page.SayAsync("{ type: 'output_audio_buffer.started', response_id: 'r1' }");
        await _page.SayAsync($"{{ type: 'response.output_audio_transcript.delta', item_id: 'item_2', delta: '{LongStory}' }}");
        await _page.SayAsync("{ type: 'output_audio_buffer.cleared', response_id: 'r1' }");
        await _page.WaitForAsync("document.querySelector('#transcript .agent .meta')?.innerText === 'interrupted'");
        await machine.Driver.EvaluateAsync("""
            for (const kind of ['fast', 'fair', 'slow']) {
              const chip = Object.assign(document.createElement('span'), { className: `chip ${kind}`, textContent: '700 ms' });
              document.querySelector('#transcript .agent .meta').append(chip);
            }
            """);
        await _page.PictureAsync($"live-{scheme}");
        faint.AddRange(await FaintAsync());
        await machine.Driver.FarEndAsync("farEnd.end()");
        await _page.WaitForAsync("!document.querySelector('#panel').hidden");
        await _page.PictureAsync($"ended-{scheme}");
        faint.AddRange(await FaintAsync());

        Assert.Empty(faint);
    }

    [PageFact]
    public async Task ReducedMotion_AskedFor_NothingMoves()
    {
        await _page.OpenAsync([(OurPage.Post, [new JsonObject { ["hang"] = true }])]);
        await machine.Driver.SetMediaAsync(("prefers-reduced-motion", "reduce"));
        await _page.PressTalkAsync();
        await _page.StateAsync("connecting");
        int moving = (int)(await machine.Driver.EvaluateAsync("document.getAnimations().length"))!;
        await machine.Driver.SetMediaAsync(("prefers-reduced-motion", "no-preference"));
        int movingElse = (int)(await machine.Driver.EvaluateAsync("document.getAnimations().length"))!;

        Assert.Equal(0, moving);
        Assert.NotEqual(0, movingElse);
    }

    private Task OpenAsync() => _page.OpenAsync([(OurPage.Post, [OurPage.Call])]);

    private async Task<IEnumerable<int>> TilesPerRowAsync(int width, int height)
    {
        await machine.Driver.SetViewportAsync(width, height, 1);
        return (await machine.Driver.EvaluateAsync("""
            Object.values(Object.groupBy([...document.querySelectorAll('.figures div')].filter(d => d.offsetParent), d => d.offsetTop))
                .map(row => row.length)
            """))!.AsArray().Select(count => (int)count!);
    }

    /// <summary>The texts that are too faint, each with its contrast.</summary>
    private async Task<List<string>> FaintAsync() => [.. (await machine.Driver.EvaluateAsync("""
        (() => {
          const parse = (color) => { const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
          const luminance = (rgb) => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const ground = (e) => {
            for (; e; e = e.parentElement) { const { rgb, a } = parse(getComputedStyle(e).backgroundColor); if (a === 1) return rgb; }
            return [255, 255, 255];
          };
          const faint = [];
          for (const e of document.querySelectorAll('body *')) {
            const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join('');
            if (!text || !e.checkVisibility({ visibilityProperty: true }) || e.closest(':disabled, .hidden, .skip, dialog')) continue;
            const style = getComputedStyle(e);
            const [a, b] = [luminance(parse(style.color).rgb), luminance(ground(e))].sort((x, y) => y - x);
            const contrast = (a + 0.05) / (b + 0.05);
            const isLarge = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
            if (contrast < (isLarge ? 3 : 4.5)) faint.push(`${text}: ${contrast.toFixed(2)}`);
          }
          return faint;
        })()
        """))!.AsArray().Select(text => (string)text!)];
}
