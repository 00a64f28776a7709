using Dapr.Voice.Tests.Browser.Driving;
using Xunit;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>
/// Chromium with our own page and scripted APIs, in a network of its own where the machine can make one. No part of the system runs.
/// </summary>
public sealed class PageMachine : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("voice-page-");
    private readonly NetworkNamespace? _network = NetworkNamespace.TryCreate();

    public BrowserDriver Driver { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _network?.AddCard(BrowserSystem.Address);
        if (BrowserKind.Chromium.WhyNot is not null) return;
        Driver = await BrowserDriver.StartAsync(
            BrowserKind.Chromium, _network?.Enter ?? [], _folder.FullName, Checkout.File("samples", "wav", "what-time-is-it.wav"));
    }

    /// <summary>Gives the machine another address, as when a phone leaves its Wi-Fi. Sockets of the old one are dead.</summary>
    public void ChangeAddress(string from, string to) => _network!.ChangeAddress(from, to);

    public async Task DisposeAsync()
    {
        if (Driver is not null) await Driver.DisposeAsync();
        _network?.Dispose();
        _folder.Delete(recursive: true);
    }
}
