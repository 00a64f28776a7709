using Xunit;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A fact about our own page in Chromium. If Chromium can't run, the fact is skipped with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PageFactAttribute : FactAttribute
{
    public PageFactAttribute() => Skip = BrowserKind.Chromium.WhyNot;

    /// <summary>The fact changes the machine's address, so it needs a network of its own.</summary>
    public bool ChangesAddress
    {
        get => false;
        set => Skip ??= value ? NetworkNamespace.WhyNot : null;
    }
}
