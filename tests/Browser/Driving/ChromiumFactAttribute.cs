using Xunit;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A fact that needs Chromium; skipped, with the reason, where it can't run.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = BrowserKind.Chromium.WhyNot ?? TestKit.Speech.SpeechTools.Missing;
}
