using Xunit;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>One browser for all tests of our page that need no system.</summary>
[CollectionDefinition(Name)]
public sealed class PageCollection : ICollectionFixture<PageMachine>
{
    public const string Name = "our page";
}
