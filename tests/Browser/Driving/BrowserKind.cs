
namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A browser that is driven, by the name that the driver knows it by, and the Debian package and program it comes from.</summary>
internal sealed record BrowserKind(string Name, string Package)
{
    public static readonly BrowserKind Chromium = new("chrome", "chromium");
    public static readonly BrowserKind Firefox = new("firefox", "firefox-esr");

    /// <summary>Why it can't run here; null if it can.</summary>
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
