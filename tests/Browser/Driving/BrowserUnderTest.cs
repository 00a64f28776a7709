using Dapr.Voice.Tests.Browser.Machine;
using Xunit;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>One browser with the scenario page, for all facts of a class.</summary>
public abstract class BrowserUnderTest : IAsyncLifetime
{
    private readonly BrowserKind _kind;

    private protected BrowserUnderTest(BrowserSystem system, BrowserKind kind) => (Voice, _kind) = (system, kind);

    public BrowserSystem Voice { get; }
    public BrowserDriver Driver { get; private set; } = null!;

    /// <summary>The browser's name in file names.</summary>
    public string Name => _kind.Package;

    public async Task InitializeAsync()
        => Driver = await BrowserDriver.StartAsync(
            _kind, Voice.Enter, Voice.Folder($"{_kind.Name}-{Guid.NewGuid():N}"), Checkout.File("samples", "wav", "what-time-is-it.wav"));

    public async Task DisposeAsync()
    {
        if (Driver is not null) await Driver.DisposeAsync();
    }
}

public sealed class ChromiumUnderTest(BrowserSystem system) : BrowserUnderTest(system, BrowserKind.Chromium);

public sealed class FirefoxUnderTest(BrowserSystem system) : BrowserUnderTest(system, BrowserKind.Firefox);

public sealed class ChromiumAtTcpEdge(TcpEdgeSystem system) : BrowserUnderTest(system, BrowserKind.Chromium);

public sealed class FirefoxAtTcpEdge(TcpEdgeSystem system) : BrowserUnderTest(system, BrowserKind.Firefox);
