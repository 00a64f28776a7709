using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Dapr.Voice.Tests.Infra.Storage;

/// <summary>
/// Microsoft's storage emulator (npm package <c>azurite</c>) in memory on ports of its own, and the two requests that we make of it, signed
/// with the emulator's published key (Authorize with Shared Key, Azure Storage REST). Installed once, to <c>.voice/tools</c>.
/// </summary>
public sealed partial class StorageEmulator : IAsyncLifetime, IDisposable
{
    public const string Account = "devstoreaccount1";

    private static readonly NpmTool Tool = new("azurite", "azurite@3.37.0", "azurite/dist/src/azurite.js");

    private const string ApiVersion = "2023-11-03", TableApiVersion = "2019-02-02";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly byte[] Key = Convert.FromBase64String(
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==");

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly TaskCompletionSource<(Uri Blob, Uri Table)> _ports = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;
    private Uri _blob = null!, _table = null!;

    /// <summary>Why it can't run here; null where it can. The first question installs it.</summary>
    public static string? WhyNot => Tool.WhyNot;

    public async Task InitializeAsync()
    {
        if (WhyNot is not null) return;
        // The API versions of a newer component than this emulator are no reason to refuse; ours are older.
        var start = new ProcessStartInfo(
            "node", [Tool.Script, "--inMemoryPersistence", "--disableTelemetry", "--blobPort", "0", "--tablePort", "0", "--queuePort", "0"])
        { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = Tool.Folder };
        _process = Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
        Uri? blob = null, table = null;
        _process.OutputDataReceived += (_, line) =>
        {
            if (Listening().Match(line.Data ?? "") is not { Success: true } found) return;
            if (found.Groups[1].Value == "Blob") blob = new Uri(found.Groups[2].Value);
            if (found.Groups[1].Value == "Table") table = new Uri(found.Groups[2].Value);
            if (blob is not null && table is not null) _ports.TrySetResult((blob, table));
        };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        (_blob, _table) = await _ports.Task.WaitAsync(StartLimit);
    }

    public Task DisposeAsync()
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        if (_process is { } process)
        {
            _process = null;
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
        _http.Dispose();
    }

    /// <param name="resource">What follows the account: <c>checkpoints/checkpoint.1</c>.</param>
    /// <param name="query">One parameter, as it is in the URL, or empty.</param>
    internal async Task<StorageAnswer> BlobAsync(
        HttpMethod method, string resource, string query = "", byte[]? body = null, string? ifMatch = null, string? ifNoneMatch = null)
    {
        string path = $"/{Account}/{string.Join('/', resource.Split('/').Select(Uri.EscapeDataString))}";
        using var request = new HttpRequestMessage(method, new Uri(_blob, path + (query.Length > 0 ? "?" + query : "")));
        string date = DateTimeOffset.UtcNow.ToString("R", CultureInfo.InvariantCulture);
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["x-ms-date"] = date, ["x-ms-version"] = ApiVersion };
        if (body is not null)
        {
            headers["x-ms-blob-type"] = "BlockBlob";
            request.Content = new ByteArrayContent(body);
        }
        foreach ((string name, string? value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        if (ifNoneMatch is not null) request.Headers.TryAddWithoutValidation("If-None-Match", ifNoneMatch);
        string canonicalQuery = query.Length == 0 ? "" : "\n" + query.Replace('=', ':');
        // Verb, then encoding, language, length, MD5, type, date, If-Modified-Since, If-Match, If-None-Match, If-Unmodified-Since, range.
        string text = $"{method}\n\n\n{(body is { Length: > 0 } ? body.Length : "")}\n\n\n\n\n{ifMatch}\n{ifNoneMatch}\n\n\n"
            + string.Concat(headers.Select(h => $"{h.Key}:{h.Value}\n")) + $"/{Account}{path}{canonicalQuery}";
        return await SendAsync(request, text);
    }

    /// <param name="resource">What follows the account: <c>Tables</c> or <c>sessions(PartitionKey='…',RowKey='')</c>.</param>
    internal async Task<StorageAnswer> TableAsync(HttpMethod method, string resource, string? json = null, string? ifMatch = null)
    {
        string path = $"/{Account}/{resource}";
        using var request = new HttpRequestMessage(method, new Uri(_table, path));
        string date = DateTimeOffset.UtcNow.ToString("R", CultureInfo.InvariantCulture);
        request.Headers.TryAddWithoutValidation("x-ms-date", date);
        request.Headers.TryAddWithoutValidation("x-ms-version", TableApiVersion);
        request.Headers.TryAddWithoutValidation("Accept", "application/json;odata=fullmetadata");
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        string type = "";
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type = "application/json");
        }
        return await SendAsync(request, $"{method}\n\n{type}\n{date}\n/{Account}{path}");
    }

    private async Task<StorageAnswer> SendAsync(HttpRequestMessage request, string textToSign)
    {
        string signature = Convert.ToBase64String(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(textToSign)));
        request.Headers.TryAddWithoutValidation("Authorization", $"SharedKey {Account}:{signature}");
        using HttpResponseMessage answer = await _http.SendAsync(request);
        string body = await answer.Content.ReadAsStringAsync();
        return new StorageAnswer(answer.StatusCode, answer.Headers.TryGetValues("ETag", out IEnumerable<string>? tags) ? tags.First()
            : null, body);
    }

    [GeneratedRegex(@"(Blob|Table) service is successfully listening at (http://\S+)")]
    private static partial Regex Listening();
}

/// <param name="Body">Whatever came, for the message of a failed assertion.</param>
internal sealed record StorageAnswer(HttpStatusCode Status, string? ETag, string Body);
