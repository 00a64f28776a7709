using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Dapr.Voice.Tests.Integration.Images;

/// <summary>What a Dockerfile made.</summary>
/// <param name="Took">How long the build took.</param>
/// <param name="Config">The configuration that a container engine reads (OCI image specification, config).</param>
/// <param name="Layers">From the base upwards: the command that made each layer, and its size as an uncompressed archive.</param>
internal sealed partial record BuiltImage(
    string Tag, TimeSpan Took, JsonObject Config, IReadOnlyList<(string Command, long Bytes)> Layers)
{
    public string User => (string?)Config["User"] ?? "";
    public IReadOnlyList<string> EntryPoint => Texts("Entrypoint");
    public string WorkingFolder => (string?)Config["WorkingDir"] ?? "/";
    public IReadOnlyDictionary<string, string> Environment
        => Texts("Env").Select(e => e.Split('=', 2)).ToDictionary(e => e[0], e => e[1], StringComparer.Ordinal);
    public string StopSignal => (string?)Config["StopSignal"] ?? "";
    public long Bytes => Layers.Sum(l => l.Bytes);

    public static BuiltImage Read(string tag, TimeSpan took, JsonObject inspected)
    {
        JsonNode image = inspected["OCIv1"]!;
        long[] sizes = [.. JsonNode.Parse((string)inspected["Manifest"]!)!["layers"]!.AsArray().Select(l => (long)l!["size"]!)];
        string[] commands = [.. image["history"]!.AsArray().Where(h => (bool?)h!["empty_layer"] != true)
            .Select(h => Noise().Replace((string?)h!["created_by"] ?? "", "").Trim())];
        Assert.Equal(sizes.Length, commands.Length);
        return new BuiltImage(tag, took, image["config"]!.AsObject(), [.. commands.Zip(sizes)]);
    }

    /// <summary>The size in MiB, as the table of the suite has it.</summary>
    public static string Size(long bytes) => (bytes / 1048576.0).ToString("0.0", CultureInfo.InvariantCulture);

    private string[] Texts(string name) => [.. (Config[name] as JsonArray ?? []).Select(v => (string)v!)];

    /// <summary>What buildah writes into a command of the history, beside the instruction.</summary>
    [GeneratedRegex("/bin/sh -c |#\\(nop\\) |(?<= )(dir|file|multi):[0-9a-f]+ ")]
    private static partial Regex Noise();
}
