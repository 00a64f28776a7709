using Dapr.Voice.Infra.Documents;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Checks;

/// <summary>
/// Values in YAML files that we chose, each with its file and path. They are for YAML files what the committed snapshots are for the
/// templates. In a path, <c>[x]</c> is the item whose name is x.
/// </summary>
internal static class FileChoices
{
    private const string Local = "components/local/", Emulator = "components/azure-emulator/", Azure = "components/azure/",
        Postgres = "components/postgres-rabbitmq/";
    private const string PostgresConnection =
        "host=localhost port=5432 user=postgres password=postgres database=dapr_voice connect_timeout=10";
    private const string EmulatorKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly ILookup<string, (string Path, string Value)> All = Listed()
        .ToLookup(c => c.File, c => (c.Path, c.Value), StringComparer.Ordinal);

    public static void Check(SourceTree tree, ICollection<Finding> findings)
    {
        foreach (IGrouping<string, (string Path, string Value)> file in All)
        {
            // A file that is missing or cannot be read is reported by the check that reads it first.
            if (tree.Text(file.Key) is not { } text || SourceDocument.Load(file.Key, text, []) is not { } document) continue;
            foreach ((string path, string? wanted) in file)
            {
                YamlNode? node = Find(document.Root, path, out YamlNode? near);
                if ((node as YamlScalarNode)?.Value != wanted)
                    findings.Add(
                        document.At(near, RuleIds.Choice,
                        $"'{path}' is '{wanted}' by choice (FileChoices), here it is '{(node as YamlScalarNode)?.Value ?? "not set"}'."));
            }
        }
    }

    private static YamlNode? Find(YamlNode root, string path, out YamlNode near)
    {
        YamlNode? at = root;
        near = root;
        foreach (string step in path.Split('/'))
        {
            at = step.StartsWith('[') ? at.Items().FirstOrDefault(
                i => (i.Text("name") ?? i.Text("appID")) == step[1..^1]
                || i.Entries().FirstOrDefault().Name == step[1..^1]) ?? Numbered(at, step) : at.At(step);
            if (at is null) return null;
            near = at;
        }
        return at;
    }

    private static YamlNode? Numbered(YamlNode? list, string step)
        => int.TryParse(step[1..^1], out int index) ? list.Items().ElementAtOrDefault(index) : null;

    private static IEnumerable<(string File, string Path, string Value)> Listed()
    {
        foreach (string folder in new[] { Local, Emulator, Postgres })
        {
            string[] redis = folder == Local ? ["sessions", "checkpoints", "lifecycle"] : folder == Emulator ? ["lifecycle"] : [];
            foreach (string name in redis)
            {
                yield return (folder + name + ".yaml", "spec/metadata/[redisHost]/value", "localhost:6379");
                yield return (folder + name + ".yaml", "spec/metadata/[redisPassword]/value", "");
            }
            if (redis.Length > 0)
            {
                yield return (folder + "lifecycle.yaml", "spec/metadata/[maxLenApprox]/value", "10000");
                yield return (folder + "lifecycle.yaml", "spec/metadata/[concurrency]/value", "1000");
            }
            yield return (folder + "secrets.yaml", "spec/metadata/[secretsFile]/value", ".voice/secrets.json");
            yield return (folder + "secrets.yaml", "spec/metadata/[nestedSeparator]/value", ":");
            const string retries = "spec/policies/retries/lifecycle-inbound/";
            yield return (folder + "resiliency.yaml", retries + "maxInterval", "10s");
            yield return (folder + "resiliency.yaml", retries + "maxRetries", "46");
            yield return (folder + "resiliency.yaml", retries + "matching/httpStatusCodes", "401,403,408,425,429,500-599");
            yield return (folder + "resiliency.yaml", retries + "matching/gRPCStatusCodes", "1,2,4,7,8,10,13,14,16");
            yield return (folder + "resiliency.yaml", "spec/targets/components/lifecycle/inbound/retry", "lifecycle-inbound");
            yield return (folder + "config/config.yaml", "spec/nameResolution/component", "sqlite");
            yield return (folder + "config/config.yaml", "spec/nameResolution/version", "v1");
            yield return (folder + "config/config.yaml", "spec/nameResolution/configuration/connectionString", ".voice/nameresolution.db");
            yield return (folder + "config/config.yaml", "spec/tracing/samplingRate", "1");
        }
        foreach (string name in new[] { "sessions", "checkpoints" })
            yield return (Postgres + name + ".yaml", "spec/metadata/[connectionString]/value", PostgresConnection);
        foreach ((string name, string? value) in new[]
        {
            ("connectionString", "amqp://guest:guest@localhost:5672"), ("durable", "true"), ("deletedWhenUnused", "false"),
                ("deliveryMode", "2"), ("publisherConfirm", "true"), ("requeueInFailure", "true"), ("concurrencyMode", "parallel"),
        }) yield return (Postgres + "lifecycle.yaml", $"spec/metadata/[{name}]/value", value);
        foreach ((string name, string? table) in new[] { ("sessions", "sessions"), ("sessions-buddy", "sessionsbuddy") })
        {
            yield return (Emulator + name + ".yaml", "spec/metadata/[accountName]/value", "devstoreaccount1");
            yield return (Emulator + name + ".yaml", "spec/metadata/[accountKey]/value", EmulatorKey);
            yield return (Emulator + name + ".yaml", "spec/metadata/[serviceURL]/value", "http://127.0.0.1:10002/devstoreaccount1");
            yield return (Emulator + name + ".yaml", "spec/metadata/[tableName]/value", table);
        }
        foreach (string name in new[] { "checkpoints", "checkpoints-buddy" })
        {
            yield return (Emulator + name + ".yaml", "spec/metadata/[accountName]/value", "devstoreaccount1");
            yield return (Emulator + name + ".yaml", "spec/metadata/[accountKey]/value", EmulatorKey);
            yield return (Emulator + name + ".yaml", "spec/metadata/[endpoint]/value", "http://127.0.0.1:10000");
            yield return (Emulator + name + ".yaml", "spec/metadata/[containerName]/value", name);
        }
        foreach (string suffix in new[] { "", "-buddy" })
        {
            string account = suffix.Length == 0 ? "VOICE_STORAGE_ACCOUNT" : "VOICE_BUDDY_STORAGE_ACCOUNT";
            yield return (Azure + $"sessions{suffix}.yaml", "spec/metadata/[accountName]/envRef", account);
            yield return (Azure + $"sessions{suffix}.yaml", "spec/metadata/[tableName]/value", "sessions");
            yield return (Azure + $"sessions{suffix}.yaml", "spec/metadata/[azureClientId]/envRef", "VOICE_STATE_CLIENT_ID");
            yield return (Azure + $"checkpoints{suffix}.yaml", "spec/metadata/[accountName]/envRef", account);
            yield return (Azure + $"checkpoints{suffix}.yaml", "spec/metadata/[containerName]/value", "checkpoints");
            yield return (Azure + $"checkpoints{suffix}.yaml", "spec/metadata/[azureClientId]/envRef", "VOICE_STATE_CLIENT_ID");
        }
        yield return (Azure + "lifecycle.yaml", "spec/metadata/[namespaceName]/envRef", "VOICE_SERVICEBUS_NAMESPACE");
        yield return (Azure + "lifecycle.yaml", "spec/metadata/[azureClientId]/envRef", "VOICE_EVENTS_CLIENT_ID");
        yield return (Azure + "secrets.yaml", "spec/metadata/[vaultName]/envRef", "VOICE_KEY_VAULT");
        yield return (Azure + "secrets.yaml", "spec/metadata/[azureClientId]/envRef", "VOICE_SECRETS_CLIENT_ID");

        yield return ("azure.yaml", "requiredVersions/azd", ">= 1.30.0");
        yield return ("azure.yaml", "infra/module", "main");
        yield return ("azure.yaml", "workflows/up/steps/[0]/azd", "provision");
        yield return ("azure.yaml", "workflows/up/steps/[1]/azd", "publish --all");
        yield return ("azure.yaml", "workflows/up/steps/[2]/azd", "provision");
        yield return ("azure.yaml", "pipeline/provider", "github");
        foreach (string service in new[] { "signaling", "relay", "transceiver", "local-agent" })
            yield return ("azure.yaml", $"services/{service}/docker/platform", "linux/amd64");

        yield return ("dapr.yaml", "common/resourcesPath", "./components/local");
        yield return ("dapr.yaml", "common/env/DOTNET_ENVIRONMENT", "Development");
        yield return ("dapr.yaml", "common/env/Fleet__Region", "local");
        yield return ("dapr.yaml", "common/env/Fleet__RegionNumber", "0");
        yield return ("dapr.yaml", "common/env/Fleet__SlotCount", "64");
        yield return ("dapr.yaml", "common/env/APP_API_TOKEN", "local-development");
        foreach ((string app, string? name, string? value) in new[]
        {
            ("signaling", "ASPNETCORE_URLS", "http://127.0.0.1:8080"), ("signaling", "Signaling__Ingresses__0", "udp://127.0.0.1:3478"),
                ("signaling", "Signaling__DefaultAgent", "parrot"),
            ("relay", "ASPNETCORE_URLS", "http://127.0.0.1:8070"), ("relay", "Relay__PublicEndpoint", "127.0.0.1:3478"),
                ("relay", "Relay__LinkAddress", "127.0.0.1"),
            ("transceiver-00", "ASPNETCORE_URLS", "http://127.0.0.1:8100"), ("transceiver-00", "Transceiver__Shard", "0"),
                ("transceiver-00", "Transceiver__LinkEndpoint", "127.0.0.1:20000"),
                    ("transceiver-00", "Transceiver__DefaultAgent", "parrot"),
            ("transceiver-01", "ASPNETCORE_URLS", "http://127.0.0.1:8101"), ("transceiver-01", "Transceiver__Shard", "1"),
                ("transceiver-01", "Transceiver__LinkEndpoint", "127.0.0.1:20016"),
                    ("transceiver-01", "Transceiver__DefaultAgent", "parrot"),
        }) yield return ("dapr.yaml", $"apps/[{app}]/env/{name}", value);
    }
}
