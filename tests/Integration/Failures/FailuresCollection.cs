namespace Dapr.Voice.Tests.Integration.Failures;

/// <summary>Tests that break a system of their own. They run one after the other, because each needs the machine's cores.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FailuresCollection
{
    public const string Name = "failures";
}
