using System.Text.Json.Nodes;

namespace Dapr.Voice.Tests.Interop.Machine;

/// <summary>The system that the peers call, in a network of its own.</summary>
internal sealed class InteropSystem : IAsyncDisposable
{
    /// <summary>An address beside loopback, because Firefox, pion and libnice have no loopback candidates.</summary>
    private const string Address = "10.99.0.1";

    private readonly VoiceSystem _voice = new();

    private InteropSystem()
    {
    }

    public static async Task<InteropSystem> StartAsync()
    {
        var system = new InteropSystem();
        try
        {
            system._voice.Network!.AddCard(Address);
            await system._voice.UpAsync("--no-install", "--edge", "both");
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public string CallsUrl => (string)_voice.State["callsUrl"]!;
    public string ApiKey => _voice.ApiKey;

    /// <summary>The words to put before a command so that it runs in this system's network.</summary>
    public IReadOnlyList<string> Enter => _voice.Enter;

    /// <summary>Creates a folder that is deleted with the system.</summary>
    public string Folder(string name) => Directory.CreateDirectory(_voice.FileFor(name)).FullName;

    /// <summary>Posts an offer as a caller in this network does.</summary>
    /// <returns>The status, and the answer or the error.</returns>
    public async Task<(int Status, string Body)> PostAsync(string offer, string agent)
    {
        using HttpClient client = _voice.NewApiClient();
        using HttpResponseMessage answer = await client.PostAsync($"/v1/realtime/calls?agent={agent}", Offers.Content(offer));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task HangUpAsync(string callId)
    {
        using HttpClient client = _voice.NewApiClient();
        using HttpResponseMessage answer = await client.PostAsync($"/v1/realtime/calls/{callId}/hangup", null);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The record of a call, as a client gets it.</summary>
    public async Task<JsonObject> RecordAsync(string callId)
    {
        using HttpClient client = _voice.NewApiClient();
        return JsonNode.Parse(await client.GetStringAsync($"/v1/realtime/calls/{callId}"))!.AsObject();
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(_voice.RunFile)) await _voice.RunAsync("down");
        string logs = _voice.FileFor(Path.Combine(".voice", "logs"));
        if (Directory.Exists(logs))
        {
            string kept = Directory.CreateDirectory(TestResults.File("logs")).FullName;
            foreach (string file in Directory.GetFiles(logs)) File.Copy(file, Path.Combine(kept, Path.GetFileName(file)), overwrite: true);
        }
        await _voice.DisposeAsync();
    }
}
