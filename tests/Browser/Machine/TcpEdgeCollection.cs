using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>
/// A system without UDP at its edge, up only while its own tests run: collections follow each other, so that none measures another.
/// </summary>
[CollectionDefinition(Name)]
public sealed class TcpEdgeCollection : ICollectionFixture<TcpEdgeSystem>
{
    public const string Name = "browsers at a TCP edge";
}
