using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dapr.Voice.Infra.Bicep;

/// <summary>
/// The Bicep compiler as a process that answers over its standard streams (<c>bicep jsonrpc --stdio</c>). It starts once. A question then
/// takes a fraction of a second, where the command line takes seconds. Calls of several threads are answered one after the other. It needs
/// no network, because the compiler contains the resource types.
/// </summary>
public sealed class BicepCompiler : IDisposable
{
    /// <summary>
    /// Longer than a busy machine needs for the largest template. A compiler that takes longer hangs.
    /// </summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(10);

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly Process _process;
    private int _calls;

    private BicepCompiler(Process process) => _process = process;

    /// <summary>Starts the compiler at a path (<see cref="BicepLocation.Find"/>).</summary>
    /// <exception cref="BicepCompilerException">The compiler does not start.</exception>
    public static BicepCompiler Start(string path)
    {
        var start = new ProcessStartInfo(path, ["jsonrpc", "--stdio"])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
                StandardInputEncoding = new UTF8Encoding(false),
        };
        try
        {
            Process process = Process.Start(start)!;
            // Nobody needs its error output, but a full pipe would stop it.
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            return new BicepCompiler(process);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BicepCompilerException($"the Bicep compiler at {path} does not start: {e.Message}", e);
        }
    }

    /// <summary>Returns the version, for example <c>0.49.2</c>.</summary>
    public string Version() => Call("bicep/version", [])["version"]!.GetValue<string>();

    /// <summary>Compiles and lints a .bicep file with its modules. The bicepconfig.json that applies to the file is used.</summary>
    public BicepCompilation Compile(string path)
    {
        JsonObject answer = Call("bicep/compile", new JsonObject { ["path"] = path });
        return new BicepCompilation(answer["contents"]?.GetValue<string>(), Diagnostics(answer));
    }

    /// <summary>Returns the problems of a .bicepparam file and of the template that it names, in the order of file and place.</summary>
    public IReadOnlyList<Finding> CheckParameters(string path)
        => Diagnostics(Call("bicep/compileParams", new JsonObject { ["path"] = path, ["parameterOverrides"] = new JsonObject() }));

    /// <summary>
    /// Returns what the template of a .bicepparam file would create in a place, as the JSON that <c>bicep snapshot</c> writes. Names with a
    /// hash are those that Azure makes for the subscription.
    /// </summary>
    /// <exception cref="BicepCompilerException">The template or the parameters have errors.</exception>
    public string Snapshot(string parametersPath, AzurePlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        var metadata = new JsonObject { ["tenantId"] = place.TenantId, ["subscriptionId"] = place.SubscriptionId,
            ["location"] = place.Location, ["deploymentName"] = "main" };
        if (place.ResourceGroup is { } group) metadata["resourceGroup"] = group;
        string snapshot = Call("bicep/getSnapshot", new JsonObject {
            ["path"] = parametersPath, ["metadata"] = metadata, ["externalInputs"] = new JsonArray() })["snapshot"]!.GetValue<string>();
        // Each process writes the outputs in a different order.
        var root = (JsonObject)JsonNode.Parse(snapshot)!;
        root["outputs"] = new JsonObject(((JsonObject)root["outputs"]!).OrderBy(o => o.Key, StringComparer.Ordinal)
            .Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone())));
        return root.ToJsonString(Indented).ReplaceLineEndings("\n") + "\n";
    }

    /// <summary>Returns the file as the compiler's formatter writes it.</summary>
    public string Format(string path) => Call("bicep/format", new JsonObject { ["path"] = path })["contents"]!.GetValue<string>();

    /// <summary>Returns the parameters and outputs that a .bicep file declares, in order.</summary>
    public BicepMetadata Metadata(string path)
    {
        JsonObject answer = Call("bicep/getMetadata", new JsonObject { ["path"] = path });
        IReadOnlyList<BicepSymbol> Read(string kind) =>
        [
            .. ((JsonArray)answer[kind]!).Select(s => new BicepSymbol(
                s!["name"]!.GetValue<string>(), s["type"]?["name"]?.GetValue<string>() ?? "", s["description"]?.GetValue<string>(),
                1 + s["range"]!["end"]!["line"]!.GetValue<int>())),
        ];
        return new BicepMetadata(Read("parameters"), Read("outputs"));
    }

    public void Dispose()
    {
        // The process ends when its input ends.
        _process.StandardInput.Close();
        if (!_process.WaitForExit(2000)) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static IReadOnlyList<Finding> Diagnostics(JsonObject answer) =>
    [
        .. ((JsonArray)answer["diagnostics"]!).Select(d => new Finding(
            d!["code"]!.GetValue<string>(), Level(d["level"]!.GetValue<string>()), d["source"]!.GetValue<string>(),
            1 + d["range"]!["start"]!["line"]!.GetValue<int>(), 1 + d["range"]!["start"]!["char"]!.GetValue<int>(),
            d["message"]!.GetValue<string>()))
            .OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Line).ThenBy(f => f.Column),
    ];

    private static Severity Level(string word)
        => word switch { "Error" => Severity.Error, "Warning" => Severity.Warning, _ => Severity.Information };

    /// <summary>
    /// Calls a method by JSON-RPC 2.0, framed as in the Language Server Protocol: a header <c>Content-Length</c>, an empty line, the
    /// message.
    /// </summary>
    private JsonObject Call(string method, JsonObject parameters)
    {
        lock (_lock)
        {
            int id = ++_calls;
            byte[] body = JsonSerializer.SerializeToUtf8Bytes(
                new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters });
            try
            {
                Stream to = _process.StandardInput.BaseStream;
                to.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n")));
                to.Write(body);
                to.Flush();
                using var limit = new CancellationTokenSource(AnswerLimit);
                using CancellationTokenRegistration end = limit.Token.Register(() => _process.Kill(entireProcessTree: true));
                while (true)
                {
                    var message = (JsonObject)JsonNode.Parse(ReadMessage(_process.StandardOutput.BaseStream))!;
                    if (message["id"]?.GetValue<int>() != id) continue;
                    if (message["error"] is { } error)
                        throw new BicepCompilerException(
                            error["message"]?.GetValue<string>() ?? "the Bicep compiler failed without a reason");
                    return (JsonObject)message["result"]!;
                }
            }
            catch (Exception e) when (e is IOException or JsonException or InvalidOperationException)
            {
                throw new BicepCompilerException($"the Bicep compiler ended or did not answer '{method}': {e.Message}", e);
            }
        }
    }

    private static byte[] ReadMessage(Stream from)
    {
        int length = -1;
        while (true)
        {
            string line = ReadLine(from);
            if (line.Length == 0) break;
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(line.AsSpan(15).Trim(), CultureInfo.InvariantCulture);
        }
        if (length < 0) throw new IOException("an answer has no length");
        byte[] body = new byte[length];
        from.ReadExactly(body);
        return body;
    }

    private static string ReadLine(Stream from)
    {
        var line = new StringBuilder();
        for (int next; (next = from.ReadByte()) != '\n';)
        {
            if (next < 0) throw new IOException("the process ended");
            if (next != '\r') line.Append((char)next);
        }
        return line.ToString();
    }
}
