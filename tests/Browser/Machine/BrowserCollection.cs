using Xunit;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>One system for all browser tests, which run one after the other: two browsers at once would measure each other.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<BrowserSystem>
{
    public const string Name = "browsers";
}
