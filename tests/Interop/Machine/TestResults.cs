namespace Dapr.Voice.Tests.Interop.Machine;

/// <summary>Where the tests keep what the peers said, the logs of the system, and what was built.</summary>
internal static class TestResults
{
    /// <summary>A file of the last run.</summary>
    public static string File(string name)
        => Path.Combine(Directory.CreateDirectory(Checkout.File(".voice", "test-results", "interop")).FullName, name);

    /// <summary>A file that the next run uses again: <c>./voice test</c> empties only the folder of the results.</summary>
    public static string Kept(string name)
        => Path.Combine(Directory.CreateDirectory(Checkout.File(".voice", "interop")).FullName, name);
}
