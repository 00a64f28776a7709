using System.Globalization;
using System.Text.Json;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.PubSub;
using Dapr.Voice.DevSidecar.Resources;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>
/// Waits until the app listens, asks it for its subscriptions, and keeps those of the app and of the files until the sidecar ends.
/// </summary>
internal sealed class AppSubscriptions(
    string appId, AppChannel app, SharedComponents components, DevSidecarOptions options, Action<string> note) : IDisposable
{
    private static readonly TimeSpan PortPollInterval = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly List<IDisposable> _memberships = [];
    private readonly List<SubscriptionSpec> _active = [];
    private readonly Dictionary<string, DeliveryWorkers> _workers = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the app has been asked and every subscription is active.</summary>
    public Task Ready => _ready.Task;

    public IReadOnlyList<SubscriptionSpec> Active
    {
        get
        {
            lock (_gate) return [.. _active];
        }
    }

    public void Start() => _ = Task.Run(RunAsync, _stop.Token);

    public void Dispose()
    {
        _stop.Cancel();
        lock (_gate)
        {
            foreach (IDisposable membership in _memberships) membership.Dispose();
            _memberships.Clear();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (!await app.IsListeningAsync(_stop.Token).ConfigureAwait(false))
                await Task.Delay(PortPollInterval, _stop.Token).ConfigureAwait(false);
            await AskAsync("/dapr/config").ConfigureAwait(false);
            List<SubscriptionSpec> wanted = Parse(await AskAsync("/dapr/subscribe").ConfigureAwait(false));
            wanted.AddRange(components.Resources.Subscriptions.Where(
                s => s.Scopes.Count == 0 || s.Scopes.Contains(appId, StringComparer.Ordinal)));
            foreach (SubscriptionSpec subscription in wanted) Subscribe(subscription);
            _ready.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            _ready.TrySetCanceled(_stop.Token);
        }
        catch (ResourceException e)
        {
            note($"{appId}: {e.Message}");
            _ready.TrySetResult();
        }
    }

    private void Subscribe(SubscriptionSpec wanted)
    {
        if (wanted.Rules.Count == 0)
        {
            note($"{appId}: the subscription to '{wanted.Topic}' has no route and is ignored.");
            return;
        }
        if (!components.TryGetBroker(wanted.PubSub, appId, out Broker? broker, out TopicScopes? scopes, out ComponentSpec? component,
            out _))
        {
            note($"{appId}: the subscription to '{wanted.Topic}' names the pub/sub component '{wanted.PubSub}', which this app does not "
                + "have.");
            return;
        }
        if (!scopes.MaySubscribe(appId, wanted.Topic))
        {
            note($"{appId}: the topic '{wanted.Topic}' of '{wanted.PubSub}' is out of scope for this app.");
            return;
        }
        // The app itself publishes an event to the dead-letter topic, so its publishing scope decides.
        bool mayDeadLetter = wanted.DeadLetterTopic is { } deadLetter && scopes.MayPublish(appId, deadLetter);
        if (wanted.DeadLetterTopic is not null && !mayDeadLetter)
            note($"{appId}: the dead-letter topic '{wanted.DeadLetterTopic}' is out of scope for this app, so refused events of "
                + $"'{wanted.Topic}' are lost. Add it to publishingScopes of '{wanted.PubSub}'.");
        string group = (component.Find("consumerID") is { Length: > 0 } id ? id : appId)
            .Replace("{uuid}", Guid.NewGuid().ToString(), StringComparison.Ordinal)
            .Replace("{appID}", appId, StringComparison.Ordinal)
            .Replace("{podName}", appId, StringComparison.Ordinal)
            .Replace("{namespace}", "default", StringComparison.Ordinal);
        if (!_workers.TryGetValue(wanted.PubSub, out DeliveryWorkers? workers))
            _workers[wanted.PubSub] = workers = new DeliveryWorkers(WorkersOf(component));
        var consumer = new TopicSubscription(wanted, app, broker, workers, mayDeadLetter,
            components.Resources.InboundRetry(wanted.PubSub, appId), options.TimeScale, options.Time, _stop.Token);
        lock (_gate)
        {
            _stop.Token.ThrowIfCancellationRequested();
            _memberships.Add(broker.Subscribe(wanted.Topic, group, consumer));
            _active.Add(wanted);
        }
    }

    /// <summary>
    /// How many events the component delivers at one time. The component for Redis has ten workers or as many as it asks for. The other
    /// components set no limit.
    /// </summary>
    private static int WorkersOf(ComponentSpec component)
        => component.Type != "pubsub.redis" ? DeliveryWorkers.Maximum
        : int.TryParse(component.Find("concurrency"), CultureInfo.InvariantCulture, out int count) ? count : 10;

    /// <summary>Asks the app, and repeats the request up to three times if nobody answers, as the real sidecar does.</summary>
    /// <returns>The body of a successful answer; null for any other answer.</returns>
    private async Task<byte[]?> AskAsync(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, app.Address(path));
                request.Content = new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
                request.Headers.TryAddWithoutValidation("dapr-app-id", appId);
                request.Headers.TryAddWithoutValidation("traceparent", TraceContext.Child(null));
                using HttpResponseMessage response = await app.SendAsync(request, HttpCompletionOption.ResponseContentRead, _stop.Token)
                    .ConfigureAwait(false);
                if ((int)response.StatusCode is 404 || response.IsSuccessStatusCode) return response.IsSuccessStatusCode
                    ? await response.Content.ReadAsByteArrayAsync(_stop.Token).ConfigureAwait(false) : null;
                note($"{appId}: the app answered {(int)response.StatusCode} to GET {path}; this counts as an empty answer.");
                return null;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                if (attempt == 4)
                {
                    note($"{appId}: the app listens but does not answer GET {path}: {e.Message}");
                    return null;
                }
                await Task.Delay(TimeSpan.FromMilliseconds(500) * options.TimeScale, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private List<SubscriptionSpec> Parse(byte[]? body)
    {
        var subscriptions = new List<SubscriptionSpec>();
        if (body is null || body.Length == 0) return subscriptions;
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Array) throw new JsonException("a list is expected");
            foreach (JsonElement item in document.RootElement.EnumerateArray()) subscriptions.Add(ParseOne(item));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            note($"{appId}: the answer to GET /dapr/subscribe cannot be read: {e.Message}");
        }
        return subscriptions;
    }

    /// <summary>
    /// Reads one subscription. As with the real sidecar, the case of the names does not matter: SDKs differ in it (Dapr.AspNetCore writes
    /// <c>pubsubName</c>).
    /// </summary>
    private SubscriptionSpec ParseOne(JsonElement item)
    {
        string topic = Text(item, "topic") ?? "";
        var rules = new List<SubscriptionRule>();
        if (Find(item, "routes") is { ValueKind: JsonValueKind.Object } routes)
        {
            if (Find(routes, "rules") is { ValueKind: JsonValueKind.Array } list)
            {
                foreach (JsonElement rule in list.EnumerateArray())
                {
                    string match = Text(rule, "match") ?? "";
                    if (MatchExpression.TryParse(match, out MatchExpression? expression, out string? problem))
                        rules.Add(new SubscriptionRule(expression, match, Text(rule, "path") ?? "/"));
                    else note($"{appId}: the rule '{match}' of topic '{topic}' is ignored: {problem}.");
                }
            }
            if (Text(routes, "default") is { Length: > 0 } otherwise) rules.Add(new SubscriptionRule(null, null, otherwise));
        }
        else if (Text(item, "route") is { Length: > 0 } route)
        {
            rules.Add(new SubscriptionRule(null, null, route));
        }
        string? deadLetter = Text(item, "deadLetterTopic");
        return new SubscriptionSpec(SubscriptionKind.Programmatic, Text(item, "pubsubname") ?? "", topic, rules,
            string.IsNullOrEmpty(deadLetter) ? null : deadLetter, [])
        {
            IsRaw = Find(item, "metadata") is { ValueKind: JsonValueKind.Object } metadata && IsTrue(metadata, "rawPayload"),
            IsBulk = Find(item, "bulkSubscribe") is { ValueKind: JsonValueKind.Object } bulk && IsTrue(bulk, "enabled"),
        };
    }

    /// <summary>A flag is true or "true", because metadata has only strings.</summary>
    private static bool IsTrue(JsonElement item, string name)
        => Find(item, name) is { } value
        && (value.ValueKind == JsonValueKind.True
        || (value.ValueKind == JsonValueKind.String && string.Equals(value.GetString(), "true", StringComparison.OrdinalIgnoreCase)));

    private static JsonElement? Find(JsonElement item, string name)
    {
        foreach (JsonProperty property in item.EnumerateObject())
        {
            if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase)) return property.Value;
        }
        return null;
    }

    private static string? Text(JsonElement item, string name)
        => Find(item, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
