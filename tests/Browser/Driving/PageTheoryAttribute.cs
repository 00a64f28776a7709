using Xunit;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A theory about our own page in Chromium. If Chromium can't run, it is skipped with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PageTheoryAttribute : TheoryAttribute
{
    public PageTheoryAttribute() => Skip = BrowserKind.Chromium.WhyNot;
}
