using Xunit;

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>
/// One system for all browser tests. They run one after the other, because two browsers at once would disturb each other's figures.
/// </summary>
[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<BrowserSystem>
{
    public const string Name = "browsers";
}
