
namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>The folder in which browser tests keep what they recorded.</summary>
internal static class TestResults
{
    /// <summary>The folder of screenshots, recordings and logs of the last run.</summary>
    public static string Folder => Directory.CreateDirectory(Checkout.File(".voice", "test-results", "browser")).FullName;
}
