
namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A browser: the name that the driver uses, and the Debian package, which is also the name of the program.</summary>
internal sealed record BrowserKind(string Name, string Package)
{
    public static readonly BrowserKind Chromium = new("chrome", "chromium");
    public static readonly BrowserKind Firefox = new("firefox", "firefox-esr");

    /// <summary>Why the browser can't run here, or null if it can.</summary>
    public string? WhyNot
    {
        get
        {
            if (Programs.Find(Package) is null) return $"{Package} is not installed: apt-get install {Package}";
            if (this == Firefox && Programs.Find("pulseaudio") is null)
                return "pulseaudio is not installed: apt-get install pulseaudio (without a sound card Firefox runs no AudioContext)";
            if (Programs.Find("npm") is null) return "npm is not installed: the browsers are driven by a package of its registry";
            return null;
        }
    }
}
