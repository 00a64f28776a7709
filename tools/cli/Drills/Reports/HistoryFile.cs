using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapr.Voice.Cli.Drills.Measures;

namespace Dapr.Voice.Cli.Drills.Reports;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(HistoryEntry))]
internal sealed partial class HistoryJson : JsonSerializerContext;

/// <summary>A recorded run as JSON lines, compressed: a run of 20 calls has some 200,000 lines.</summary>
internal static class HistoryFile
{
    public static void Write(string path, IEnumerable<HistoryEntry> entries)
    {
        using FileStream file = File.Create(path);
        using var compressed = new GZipStream(file, CompressionLevel.Fastest);
        using var writer = new StreamWriter(compressed);
        foreach (HistoryEntry entry in entries)
            writer.WriteLine(JsonSerializer.Serialize(entry with { T = Math.Round(entry.T, 2) }, HistoryJson.Default.HistoryEntry));
    }

    /// <exception cref="InvalidDataException">The file is no recorded run.</exception>
    public static List<HistoryEntry> Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        using var compressed = new GZipStream(file, CompressionMode.Decompress);
        using var reader = new StreamReader(compressed);
        var entries = new List<HistoryEntry>();
        while (reader.ReadLine() is { } line)
        {
            try
            {
                entries.Add(JsonSerializer.Deserialize(line, HistoryJson.Default.HistoryEntry)
                    ?? throw new InvalidDataException($"{path}: line {entries.Count + 1} is empty"));
            }
            catch (JsonException failure)
            {
                throw new InvalidDataException($"{path}: line {entries.Count + 1}: {failure.Message}");
            }
        }
        return entries;
    }
}
