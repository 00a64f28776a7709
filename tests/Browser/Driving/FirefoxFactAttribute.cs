using Xunit;

namespace Dapr.Voice.Tests.Browser.Driving;

/// <summary>A fact that needs Firefox, and a network namespace with another address, because Firefox refuses loopback candidates.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FirefoxFactAttribute : FactAttribute
{
    public FirefoxFactAttribute() => Skip = BrowserKind.Firefox.WhyNot ?? NetworkNamespace.WhyNot ?? TestKit.Speech.SpeechTools.Missing;
}
