using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Dapr.Voice.Tests.Browser.Machine;

/// <summary>
/// A system without UDP at its edge. It runs only during its own tests. Collections run one after the other, so that none disturbs another.
/// </summary>
[CollectionDefinition(Name)]
public sealed class TcpEdgeCollection : ICollectionFixture<TcpEdgeSystem>
{
    public const string Name = "browsers at a TCP edge";
}
