using Dapr.Voice.Tests.Browser.Machine;
using Xunit;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>One browser with the scenario page, for all facts of a class.</summary>
public abstract class BrowserUnderTest : IAsyncLifetime
{
    private readonly BrowserKind _kind;

    private protected BrowserUnderTest(VoiceSystem system, BrowserKind kind) => (Voice, _kind) = (system, kind);

    public VoiceSystem Voice { get; }
    public BrowserDriver Driver { get; private set; } = null!;

    /// <summary>For names of files.</summary>
    public string Name => _kind.Package;

    public async Task InitializeAsync()
        => Driver = await BrowserDriver.StartAsync(_kind, Voice, Path.Combine(Tools.Root, "samples", "wav", "what-time-is-it.wav"));

    public async Task DisposeAsync()
    {
        if (Driver is not null) await Driver.DisposeAsync();
    }
}

public sealed class ChromiumUnderTest(VoiceSystem system) : BrowserUnderTest(system, BrowserKind.Chromium);

public sealed class FirefoxUnderTest(VoiceSystem system) : BrowserUnderTest(system, BrowserKind.Firefox);

public sealed class ChromiumAtTcpEdge(TcpEdgeVoiceSystem system) : BrowserUnderTest(system, BrowserKind.Chromium);

public sealed class FirefoxAtTcpEdge(TcpEdgeVoiceSystem system) : BrowserUnderTest(system, BrowserKind.Firefox);
