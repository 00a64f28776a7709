using System.Text.Json.Nodes;
using Dapr.Voice.Tests.Browser.Driving;

namespace Dapr.Voice.Tests.Browser.Calls;

/// <summary>A call of the unmodified SDK in the scenario page (Page/scenario.js). Times are milliseconds of the page's clock.</summary>
internal sealed class PageCall
{
    private readonly BrowserDriver _driver;

    private PageCall(BrowserDriver driver, CallSetup setup) => (_driver, Setup) = (driver, setup);

    public CallSetup Setup { get; }

    /// <param name="turnDetection">The setting in the SDK's own spelling. Null keeps the SDK's default.</param>
    /// <param name="isMicrophoneDead">There is digital silence between words, during which Chromium sends nothing.</param>
    /// <param name="withheldTransport">"udp" or "tcp": the browser does not see the answer's candidates of that transport.</param>
    public static async Task<PageCall> ConnectAsync(BrowserUnderTest browser, string agent, JsonObject? turnDetection = null,
        bool isMicrophoneDead = false, string? withheldTransport = null)
    {
        BrowserDriver driver = browser.Driver;
        string apiKey = await EphemeralKeyAsync(browser);
        JsonNode? result = await driver.CallAsync("scenario.connect", new JsonObject
        {
            ["callsUrl"] = $"{browser.Voice.CallsUrl}?agent={agent}",
            ["apiKey"] = apiKey,
            ["turnDetection"] = turnDetection?.DeepClone(),
            ["isMicrophoneDead"] = isMicrophoneDead,
            ["withheldTransport"] = withheldTransport,
        });
        return new PageCall(driver, CallSetup.Read(result!));
    }

    public async Task<(double From, double To)> SayAsync(string wav)
    {
        JsonNode? said = await _driver.CallAsync("scenario.say", wav);
        return ((double)said!["from"]!, (double)said["to"]!);
    }

    /// <summary>Plays bursts of noise of 60 ms each, and returns when each began.</summary>
    public async Task<IReadOnlyList<double>> BurstAsync(int count, TimeSpan period)
        => [.. (await _driver.CallAsync("scenario.burst", count, period.TotalMilliseconds))!.AsArray().Select(at => (double)at!)];

    /// <summary>Plays noise without a pause until the call ends.</summary>
    public Task HumAsync() => _driver.CallAsync("scenario.hum");

    /// <summary>The transport that carries the call, "udp" or "tcp".</summary>
    public async Task<string?> CarrierAsync() => (string?)await _driver.CallAsync("scenario.carrier");

    /// <summary>Waits for the first event of that type at or after <paramref name="after"/>.</summary>
    public async Task<(double At, JsonNode Event)> EventAsync(string type, double after, TimeSpan limit)
    {
        JsonNode? found = await _driver.CallAsync("scenario.event", type, after, limit.TotalMilliseconds);
        return ((double)found!["at"]!, found["event"]!);
    }

    /// <summary>Waits until the SDK reports that connection status, and returns when it did.</summary>
    public async Task<double> StatusAsync(string status, double after, TimeSpan limit)
        => (double)(await _driver.CallAsync("scenario.status", status, after, limit.TotalMilliseconds))!["at"]!;

    /// <summary>The connection statuses that the SDK reported, each with its time.</summary>
    public async Task<IReadOnlyList<(double At, string Status)>> StatusesAsync()
        => [.. (await _driver.CallAsync("scenario.statuses"))!.AsArray().Select(s => ((double)s!["at"]!, (string)s["status"]!))];

    public async Task<IReadOnlyList<(double At, string Type)>> EventsAsync()
        => [.. (await _driver.CallAsync("scenario.events"))!.AsArray().Select(e => ((double)e!["at"]!, (string)e["type"]!))];

    public async Task<Recording> RecordingAsync() => Recording.Read((await _driver.CallAsync("scenario.recording"))!);

    public async Task<double> NowAsync() => (double)(await _driver.CallAsync("scenario.now"))!;

    public Task WaitAsync(TimeSpan time) => _driver.CallAsync("scenario.wait", time.TotalMilliseconds);

    public async Task<JsonArray> TimersAsync() => (await _driver.CallAsync("scenario.timers"))!.AsArray();

    public async Task<JsonNode> StatisticsAsync() => (await _driver.CallAsync("scenario.statistics"))!;

    /// <summary>The errors that the SDK reported, and the uncaught exceptions.</summary>
    public async Task<IReadOnlyList<string>> ErrorsAsync()
        => [.. (await _driver.CallAsync("scenario.errors"))!.AsArray().Select(e => (string)e!)];

    /// <returns>The time at which the page hung up.</returns>
    public async Task<double> HangUpAsync() => (double)(await _driver.CallAsync("scenario.hangUp"))!;

    /// <summary>Gets an ephemeral key, as an app server does for its page.</summary>
    private static async Task<string> EphemeralKeyAsync(BrowserUnderTest browser)
    {
        (int status, string? body) = await browser.Driver.FetchAsync(
            "POST", browser.Voice.Url + "/v1/realtime/client_secrets", browser.Voice.ApiKey, new JsonObject());
        if (status != 200) throw new InvalidOperationException($"client_secrets answered {status}: {body}");
        return (string)JsonNode.Parse(body)!["value"]!;
    }
}
