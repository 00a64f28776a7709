using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Dapr.Voice.Contracts;

namespace Dapr.Voice.Cli.Drills.Fleet;

/// <summary>One call of an app of the fleet to a component, as the development sidecar noted it.</summary>
/// <param name="At">CLOCK_MONOTONIC in milliseconds.</param>
internal sealed record SidecarCall(long Sequence, double At, string App, string Operation, string Component, string Key);

/// <summary>The control port of the development sidecar: outages, and what apps asked of it. Any thread.</summary>
internal sealed class SidecarControl : IDisposable
{
    private readonly HttpClient _client = new() {
        BaseAddress = new Uri($"http://127.0.0.1:{LocalPorts.SidecarControl.First}"), Timeout = TimeSpan.FromSeconds(2) };

    /// <param name="state"><c>killed</c> (comes back empty), <c>frozen</c> (keeps its data) or <c>up</c>.</param>
    public async Task SetOutageAsync(string component, string state)
    {
        using HttpResponseMessage answer = await _client.PutAsJsonAsync($"/components/{component}/outage", new { state });
        answer.EnsureSuccessStatusCode();
    }

    /// <returns>Empty if the sidecar is away.</returns>
    public async Task<IReadOnlyList<SidecarCall>> CallsAfterAsync(long sequence)
    {
        JsonArray? calls = await ReadAsync<JsonArray>($"/calls?after={sequence}");
        return [.. (calls ?? []).Select(c => new SidecarCall((long)c!["sequence"]!, (double)c["monotonicMs"]!, (string)c["app"]!,
            (string)c["operation"]!, (string)c["component"]!, (string)c["key"]!))];
    }

    /// <returns>The records of all slots by their keys; null if the sidecar is away.</returns>
    public Task<JsonObject?> SlotsAsync() => ReadAsync<JsonObject>($"/components/{ComponentNames.Sessions}/values?prefix=slot.");

    private async Task<T?> ReadAsync<T>(string path) where T : JsonNode
    {
        try
        {
            return await _client.GetFromJsonAsync<T>(path);
        }
        catch (Exception away) when (away is HttpRequestException or TaskCanceledException or System.Text.Json.JsonException)
        {
            return null;
        }
    }

    public void Dispose() => _client.Dispose();
}
