using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapr.Voice.Contracts;
using Xunit;
using Xunit.Abstractions;

namespace Dapr.Voice.Tests.Infra.Storage;

/// <summary>
/// Our table, containers and keys are ones that the storage services take, asked of Microsoft's emulator. Rows are laid out as
/// <c>state.azure.tablestorage</c> does with <c>keyPrefix: none</c>: the key is the partition, the row key is empty, the value one string.
/// </summary>
public sealed partial class StorageNamesTests(StorageEmulator storage, ITestOutputHelper output) : IClassFixture<StorageEmulator>
{
    /// <summary>The longest that Fleet__Region may be, and a call id of the longest form.</summary>
    private static readonly string LongestRegion = new('r', 32), LongestCallId = new('c', 64);

    private static readonly string[] TableKeys =
    [
        StateKeys.Transceiver("local", 0), StateKeys.Transceiver(LongestRegion, 99), StateKeys.Slot("swedencentral", 65_535),
            StateKeys.Slot(LongestRegion, 65_535),
        StateKeys.Session("rtc_local-00-AbC_-9"), StateKeys.Session(LongestCallId),
    ];

    private static readonly string[] BlobKeys = [StateKeys.Checkpoint("rtc_local-00-AbC_-9"), StateKeys.Checkpoint(LongestCallId)];

    [StorageFact]
    public async Task Tables_OfOurComponents_AreMade()
    {
        foreach (string table in Values("tableName"))
        {
            StorageAnswer made = await storage.TableAsync(HttpMethod.Post, "Tables", $$"""{"TableName":"{{table}}"}""");
            Assert.True(made.Status is HttpStatusCode.Created or HttpStatusCode.Conflict, $"{table}: {made.Status} {made.Body}");
            output.WriteLine($"table {table}: {(int)made.Status}");
        }
        // The emulator does look: what the service refuses, it refuses.
        Assert.Equal(HttpStatusCode.BadRequest,
            (await storage.TableAsync(HttpMethod.Post, "Tables", """{"TableName":"sessions-buddy"}""")).Status);
    }

    [StorageFact]
    public async Task Containers_OfOurComponents_AreMade()
    {
        foreach (string container in Values("containerName"))
        {
            StorageAnswer made = await storage.BlobAsync(HttpMethod.Put, container, "restype=container");
            Assert.True(made.Status is HttpStatusCode.Created or HttpStatusCode.Conflict, $"{container}: {made.Status} {made.Body}");
            output.WriteLine($"container {container}: {(int)made.Status}");
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await storage.BlobAsync(HttpMethod.Put, "Checkpoints", "restype=container")).Status);
    }

    [StorageFact]
    public async Task TableKeys_OfEveryKind_AreWrittenReadAndOwnedByOne()
    {
        await storage.TableAsync(HttpMethod.Post, "Tables", """{"TableName":"keys"}""");
        foreach (string key in TableKeys)
        {
            string row = JsonSerializer.Serialize(
                new Dictionary<string, string> { ["PartitionKey"] = key, ["RowKey"] = "", ["Value"] = "{\"epoch\":1}" });
            StorageAnswer created = await storage.TableAsync(HttpMethod.Post, "keys", row);
            Assert.True(created.Status == HttpStatusCode.Created, $"{key}: {created.Status} {created.Body}");
            string entity = $"keys(PartitionKey='{Uri.EscapeDataString(key)}',RowKey='')";
            StorageAnswer read = await storage.TableAsync(HttpMethod.Get, entity);
            Assert.True(read.Status == HttpStatusCode.OK, $"{key}: {read.Status} {read.Body}");
            Assert.Contains("epoch", read.Body, StringComparison.Ordinal);

            // Create-only and compare-and-set, by which a slot has one owner.
            Assert.Equal(HttpStatusCode.Conflict, (await storage.TableAsync(HttpMethod.Post, "keys", row)).Status);
            string tag = created.ETag!;
            Assert.Equal(HttpStatusCode.NoContent, (await storage.TableAsync(HttpMethod.Put, entity, row, tag)).Status);
            Assert.Equal(HttpStatusCode.PreconditionFailed, (await storage.TableAsync(HttpMethod.Put, entity, row, tag)).Status);
        }
        output.WriteLine($"{TableKeys.Length} keys written, read, raced; the longest has {TableKeys.Max(k => k.Length)} characters");
    }

    [StorageFact]
    public async Task BlobKeys_OfEveryKind_AreWrittenReadAndOwnedByOne()
    {
        await storage.BlobAsync(HttpMethod.Put, "keys", "restype=container");
        // More than a row of Table Storage takes.
        byte[] checkpoint = new byte[100_000];
        foreach (string key in BlobKeys)
        {
            StorageAnswer created = await storage.BlobAsync(HttpMethod.Put, $"keys/{key}", body: checkpoint, ifNoneMatch: "*");
            Assert.True(created.Status == HttpStatusCode.Created, $"{key}: {created.Status} {created.Body}");
            Assert.Equal(HttpStatusCode.OK, (await storage.BlobAsync(HttpMethod.Get, $"keys/{key}")).Status);
            Assert.Equal(HttpStatusCode.Conflict,
                (await storage.BlobAsync(HttpMethod.Put, $"keys/{key}", body: checkpoint, ifNoneMatch: "*")).Status);
            Assert.Equal(HttpStatusCode.Created,
                (await storage.BlobAsync(HttpMethod.Put, $"keys/{key}", body: checkpoint, ifMatch: created.ETag)).Status);
            Assert.Equal(HttpStatusCode.PreconditionFailed,
                (await storage.BlobAsync(HttpMethod.Put, $"keys/{key}", body: checkpoint, ifMatch: created.ETag)).Status);
        }
    }

    /// <summary>All values of a metadata item in both folders for Azure.</summary>
    private static SortedSet<string> Values(string item)
    {
        var values = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string file in new[] { "azure", "azure-emulator" }.SelectMany(
            folder => Directory.EnumerateFiles(Checkout.File("components", folder), "*.yaml")))
        {
            foreach (Match found in MetadataItem().Matches(System.IO.File.ReadAllText(file))) if (found.Groups[1].Value == item)
                values.Add(found.Groups[2].Value);
        }
        Assert.NotEmpty(values);
        return values;
    }

    [GeneratedRegex(@"- name: (\w+)\s+value: ([\w-]+)")]
    private static partial Regex MetadataItem();
}
