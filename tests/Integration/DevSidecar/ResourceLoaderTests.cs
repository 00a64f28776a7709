using Dapr.Voice.DevSidecar;
using Dapr.Voice.DevSidecar.Components;
using Dapr.Voice.DevSidecar.Resources;
using Dapr.Voice.DevSidecar.Secrets;
using Dapr.Voice.Tests.Integration.DaprContract;

namespace Dapr.Voice.Tests.Integration.DevSidecar;

public sealed class ResourceLoaderTests
{
    private const string Head = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: sessions\n";

    [Theory]
    [InlineData("a: [", 2, "not YAML")]
    [InlineData("- a", 1, "mapping")]
    [InlineData("apiVersion: dapr.io/v1alpha1\n", 1, "'kind' is missing")]
    [InlineData("kind: Component\n", 1, "'metadata' is missing")]
    [InlineData(Head, 1, "has no spec")]
    [InlineData(Head + "spec:\n  type: state.mongodb\n  version: v1\n", 6, "not known")]
    [InlineData(Head + "spec:\n  type: state.redis\n  version: v1\n  metadata:\n    - name: keyPrefix\n      value: none\n", 6,
    "needs the metadata item 'redisHost'")]
    [InlineData(Head + "spec:\n  type: state.in-memory\n  version: v1\n  metadata:\n    - name: a\n", 9, "needs 'value'")]
    [InlineData(Head + "spec:\n  type: state.in-memory\n  version: v1\n  ignoreErrors: perhaps\n", 8, "true or false")]
    [InlineData(Head + "spec:\n  type: state.in-memory\n  version: v1\n  metadata: 5\n", 8, "must be a list")]
    [InlineData(Head + "spec:\n  type: state.in-memory\n  version: v1\n  metadata:\n    - name: a\n      secretKeyRef: {name: x}\n", 9,
    "auth:")]
    [InlineData(Head + "spec:\n  type: state.in-memory\n  version: v1\n  metadata:\n    - name: a\n      secretKeyRef: {name: "
    + "x}\nauth:\n  secretStore: none\n", 9, "not among the components")]
    [InlineData(Head + "spec:\n  type: state.in-memory\n  version: v1\n  metadata:\n    - name: a\n      envRef: SURELY_NOT_SET_HERE\n", 9,
    "not set")]
    [InlineData(Head + "spec: {type: state.in-memory, version: v1}\n---\n" + Head + "spec: {type: state.in-memory, version: v1}\n", 7,
    "another name")]
    [InlineData("apiVersion: dapr.io/v2alpha1\nkind: Subscription\nspec: {pubsubname: p, topic: t}\n", 3, "'routes' is missing")]
    [InlineData("apiVersion: dapr.io/v2alpha1\nkind: Subscription\nspec: {pubsubname: p, topic: t, routes: {rules: [{match: 'event.type "
    + "==', path: /a}]}}\n", 3, "cannot be read")]
    [InlineData("apiVersion: dapr.io/v1alpha1\nkind: Subscription\nspec: {pubsubname: p, topic: t}\n", 3, "'route' is missing")]
    [InlineData("kind: Resiliency\nspec:\n  policies:\n    retries:\n      a: {policy: linear}\n", 5, "constant or exponential")]
    [InlineData("kind: Resiliency\nspec:\n  policies:\n    retries:\n      a: {duration: soon}\n", 5, "duration")]
    [InlineData("kind: Resiliency\nspec:\n  targets:\n    components:\n      lifecycle:\n        inbound: {retry: none}\n", 6,
    "not under spec.policies.retries")]
    public void Load_WrongFile_NamesFileLineAndWhatToDo(string yaml, int line, string words)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("x.yaml", yaml);
        ResourceException e = Assert.Throws<ResourceException>(() => ResourceLoader.Load([folder.Path], null));
        Assert.StartsWith($"{file}:{line}: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MissingFolder_SaysHowToNameOne()
        => Assert.Contains("--resources-path", Assert.Throws<ResourceException>(
        () => ResourceLoader.Load(["/surely/not/there"], null)).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_UnknownKindAndSubfolder_ArePassedOver()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.yaml", "kind: HTTPEndpoint\nmetadata: {name: x}\n---\n\n---\n" + Head
            + "spec: {type: state.in-memory, version: v1}\n");
        Directory.CreateDirectory(Path.Combine(folder.Path, "config"));
        folder.Write("config/config.yaml", "this is not looked at: [");
        ResourceSet resources = ResourceLoader.Load([folder.Path], null);
        Assert.Equal("sessions", Assert.Single(resources.Components).Name);
        Assert.Contains("HTTPEndpoint", Assert.Single(resources.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SecretKeyRefAndEnvironment_AreResolved()
    {
        using var folder = new TemporaryFolder();
        string secrets = folder.Write("secrets.json", """{"redis":{"password":"hush"}}""");
        Environment.SetEnvironmentVariable("DEV_SIDECAR_TEST_PREFIX", "mine");
        folder.Write("a.yaml", Head + "spec:\n  type: state.redis\n  version: v1\n  metadata:\n    - {name: redisHost, value: "
            + "'localhost:6379'}\n    - {name: redisPassword, secretKeyRef: {name: 'redis:password', key: 'redis:password'}}\n    - "
            + "{name: keyPrefix, envRef: DEV_SIDECAR_TEST_PREFIX}\nauth:\n  secretStore: secrets\n");
        folder.Write("b.yaml", SidecarUnderTest.Component(
            "secrets", "secretstores.local.file", SidecarUnderTest.Metadata("secretsFile", secrets)));
        ComponentSpec component = ResourceLoader.Load([folder.Path], null).Components.Single(c => c.Name == "sessions");
        Assert.Equal("hush", component.Find("redisPassword"));
        Assert.Equal("mine", component.Find("KEYPREFIX"));
    }

    [Fact]
    public void Load_SecretsFileThatIsNoJson_NamesLineAndNotTheContent()
    {
        using var folder = new TemporaryFolder();
        string secrets = folder.Write("secrets.json", "{\n\"a\": hush-hush\n}");
        folder.Write("b.yaml", SidecarUnderTest.Component(
            "secrets", "secretstores.local.file", SidecarUnderTest.Metadata("secretsFile", secrets)));
        string message = Assert.Throws<ResourceException>(
            () => SecretStore.Create(ResourceLoader.Load([folder.Path], null).Components.Single()).All()).Message;
        Assert.StartsWith($"{secrets}:2: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", message, StringComparison.Ordinal);
    }

    [Fact]
    public void SecretStore_MultiValued_KeepsGroups()
    {
        using var folder = new TemporaryFolder();
        string secrets = folder.Write("secrets.json", """{"redis":{"password":"hush","deep":{"er":"1"}},"flat":"2"}""");
        folder.Write("b.yaml", SidecarUnderTest.Component(
            "secrets", "secretstores.local.file", SidecarUnderTest.Metadata("secretsFile", secrets)
            + SidecarUnderTest.Metadata("multiValued", "true") + SidecarUnderTest.Metadata("nestedSeparator", ".")));
        var store = SecretStore.Create(ResourceLoader.Load([folder.Path], null).Components.Single());
        Assert.Equal(new Dictionary<string, string> { ["password"] = "hush", ["deep.er"] = "1" }, store.Get("redis"));
        Assert.Equal("2", store.Get("flat")!["flat"]);
    }

    [Fact]
    public void InboundRetry_PolicyAndScopes_AreFoundForTheirApps()
    {
        using var folder = new TemporaryFolder();
        folder.Write("r.yaml", "kind: Resiliency\nspec:\n  policies:\n    retries:\n      again: {policy: exponential, maxInterval: 1s, "
            + "maxRetries: 3, matching: {httpStatusCodes: '429,500-599'}}\n  targets:\n    components:\n      lifecycle: {inbound: "
            + "{retry: again}}\nscopes: [signaling]\n");
        ResourceSet resources = ResourceLoader.Load([folder.Path], null);
        Assert.Null(resources.InboundRetry("lifecycle", "relay"));
        Assert.Null(resources.InboundRetry("other", "signaling"));
        RetryPolicy policy = resources.InboundRetry("lifecycle", "signaling")!;
        Assert.Equal([500, 750, 1000, null], Enumerable.Range(1, 4)
            .Select(n => policy.DelayBefore(n)?.TotalMilliseconds is { } ms ? (int?)Math.Min(ms, 1000) : null));
        Assert.True(policy.Covers(503) && policy.Covers(429) && !policy.Covers(400));
    }

    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("0", 0)]
    public void GoDuration_Text_IsRead(string text, int milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 minutes")]
    [InlineData("")]
    public void GoDuration_OtherText_IsRefused(string text) => Assert.False(GoDuration.TryParse(text, out _));
}
