using System.Net;
using System.Net.WebSockets;
using Dapr.Voice.LocalAgent;
using Dapr.Voice.TestKit.Speech;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Dapr.Voice.Tests.Integration.LocalAgent;

/// <summary>The agent in this process, on a free port. Its clock says a quarter to eleven.</summary>
public sealed class LocalAgentServer : IAsyncLifetime
{
    public const int MaximumSessions = 4;

    private readonly Dictionary<string, short[]> _spoken = [];
    private WebApplication? _app;
    private GrammarRecognizer? _answers;

    public Uri Url { get; private set; } = new("http://127.0.0.1");

    public async Task InitializeAsync()
    {
        if (SpeechTools.Missing is not null) return;
        // The agent speaks at twenty times real time, so that a test with half a minute of speech takes two seconds.
        _app = Dapr.Voice.LocalAgent.Program.Create(
            ["--urls=http://127.0.0.1:0", "--LocalAgent:Decoders=2", $"--LocalAgent:MaximumSessions={MaximumSessions}",
            "--LocalAgent:SpeechSpeed=20", "--Logging:LogLevel:Default=Warning"],
            builder => builder.Services.AddSingleton<TimeProvider>(new FixedTime()));
        await _app.StartAsync();
        Url = new Uri(_app.Urls.First());
        _answers = new GrammarRecognizer(SpokenAnswers.Grammar);
    }

    public async Task DisposeAsync()
    {
        _answers?.Dispose();
        if (_app is null) return;
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public async Task<RealtimeClient> ConnectAsync(string query = "?model=local")
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("realtime");
        await socket.ConnectAsync(new Uri($"ws://{Url.Authority}/v1/realtime{query}"), CancellationToken.None);
        return new RealtimeClient(socket);
    }

    /// <summary>Returns the words in the voice of a caller.</summary>
    public short[] Speech(string words)
    {
        lock (_spoken)
        {
            if (!_spoken.TryGetValue(words, out short[]? samples)) _spoken[words] = samples = FliteVoice.Speak(words);
            return samples;
        }
    }

    /// <summary>Returns the words in the agent's audio, recognised without its transcript.</summary>
    public string Understand(short[] audio)
    {
        lock (_answers!) return _answers.Recognize(audio, 24_000);
    }

    private sealed class FixedTime : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 22, 10, 45, 0, TimeSpan.Zero);
    }
}
