using Xunit;

namespace Dapr.Voice.Tests.Interop.Calls;

/// <summary>One run for all tests but those of the long calls.</summary>
[CollectionDefinition(Name)]
public sealed class ShortRunCollection : ICollectionFixture<ShortRun>
{
    public const string Name = "short calls";
}
