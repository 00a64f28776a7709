using Xunit;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A fact that needs Chromium. If Chromium can't run, the fact is skipped with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumFactAttribute : FactAttribute
{
    public ChromiumFactAttribute() => Skip = BrowserKind.Chromium.WhyNot ?? TestKit.Speech.SpeechTools.Missing;
}
