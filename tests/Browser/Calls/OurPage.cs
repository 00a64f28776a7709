using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Browser.Driving;
using Dapr.Voice.Tests.Browser.Machine;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>Our own page with a scripted API: what a person does on it and sees of it.</summary>
internal sealed class OurPage(BrowserDriver driver)
{
    public const string CallId = "rtc_local_aaaaaaaaaaaaa";
    public const string Post = "POST /v1/realtime/calls";
    public const string CallPath = "/v1/realtime/calls/" + CallId;
    public const string Get = "GET " + CallPath;
    public const string Patch = "PATCH " + CallPath;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    public BrowserDriver Driver => driver;

    /// <summary>A call that the far end answers.</summary>
    public static JsonNode Call => new JsonObject { ["call"] = CallId };

    public static JsonNode Error(int status, string code, string message, int? retryAfter = null) => new JsonObject
    {
        ["status"] = status,
        ["headers"] = retryAfter is null ? new JsonObject() : new JsonObject { ["retry-after"] = $"{retryAfter}" },
        ["body"] = new JsonObject
        {
            ["error"] = new JsonObject { ["message"] = message, ["type"] = "error", ["code"] = code, ["param"] = null },
        },
    };

    public static JsonNode Record(string state, string? reason, int maximumSeconds = 3600) => new JsonObject
    {
        ["status"] = 200,
        ["body"] = new JsonObject
        {
            ["callId"] = CallId, ["state"] = state, ["endReason"] = reason, ["maximumSeconds"] = maximumSeconds,
        },
    };

    /// <summary>Opens the page of API 0, which gives keys and has three agents.</summary>
    /// <param name="routes">What else the API answers. The routes of the keys can be replaced.</param>
    public async Task OpenAsync((string Route, JsonNode[] Answers)[] routes, string query = "")
    {
        var script = new JsonObject
        {
            ["GET /demo/config"] = new JsonArray(new JsonObject
            {
                ["status"] = 200,
                ["body"] = new JsonObject { ["default_agent"] = "local", ["agents"] = new JsonArray("local", "echo", "parrot") },
            }),
            ["POST /demo/token"] = new JsonArray(Key("ek_demo"), Key("ek_second")),
        };
        foreach ((string route, JsonNode[] answers) in routes) script[route] = new JsonArray(answers);
        await driver.ScriptAsync(0, script);
        await driver.OpenAsync(driver.ScriptedOrigins[0] + "/" + query);
        await driver.WaitForAsync("document.querySelector('#agent').options.length > 0", Limit);
    }

    public static JsonNode Key(string value)
        => new JsonObject { ["status"] = 200, ["body"] = new JsonObject { ["value"] = value, ["expires_at"] = 1 } };

    public Task WaitForAsync(string expression) => driver.WaitForAsync(expression, Limit);

    public Task StateAsync(string state) => WaitForAsync($"document.body.dataset.state === '{state}'");

    public async Task<string> TextAsync(string selector)
        => (string)(await driver.EvaluateAsync($"document.querySelector(`{selector}`).innerText"))!;

    public async Task<string> StateOfPageAsync() => (string)(await driver.EvaluateAsync("document.body.dataset.state"))!;

    public async Task<bool> IsAsync(string expression) => (bool)(await driver.EvaluateAsync($"Boolean({expression})"))!;

    public Task PressTalkAsync() => driver.ClickAsync("#call");

    /// <summary>Presses the button and waits until the call is up.</summary>
    public async Task ConnectAsync()
    {
        await PressTalkAsync();
        await StateAsync("live");
    }

    /// <summary>What the panel of a refusal or an end says: its title, its sentence, and the words on its visible buttons.</summary>
    public async Task<(string Title, string Text, string Buttons)> PanelAsync() => (
        await TextAsync("#panel [data-part=title]"), await TextAsync("#panel [data-part=text]"),
        (string)(await driver.EvaluateAsync(
            "[...document.querySelectorAll('.panel-actions button')].filter(b => !b.hidden).map(b => b.innerText).join(', ')"))!);

    /// <summary>Sends a server event from the far end.</summary>
    public Task SayAsync(string json) => driver.FarEndAsync($"farEnd.send({json})");

    /// <summary>Keeps pictures of the page as a desktop and a phone show it.</summary>
    public async Task PictureAsync(string name)
    {
        // Animations have ended, so that two runs give the same picture.
        await driver.EvaluateAsync("Promise.all(document.getAnimations().filter(a => a.effect.getTiming().iterations !== Infinity)"
            + ".map(a => a.finished.catch(() => {}))).then(() => null)");
        foreach ((string shape, int width, int height) in ((string, int, int)[])[
            ("phone", 390, 844), ("desktop", 1280, 800)])
        {
            await driver.SetViewportAsync(width, height, 1);
            await driver.ScreenshotAsync(Path.Combine(TestResults.Folder, $"page-{name}-{shape}.png"));
        }
    }
}
